import { defineJob, type Job } from 'malstrom'
import type { Feed } from './feed.ts'

/** Counts and sums per key, in an object per key that is changed in place. */
export function countingJob(feed: Feed): Job {
  return defineJob({
    name: 'bench-state',
    module: import.meta.url,
    build(flow) {
      flow
        .source('feed', feed)
        .keyDistribute('by key', (n) => `key-${n}`)
        .fold(
          'totals',
          () => ({ count: 0, sum: 0 }),
          (total, n) => {
            total.count++
            total.sum += n
            return total
          },
        )
        .discard('end')
    },
  })
}
