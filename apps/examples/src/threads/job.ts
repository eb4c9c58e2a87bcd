import { defineJob, diskPersistence, fromIterable } from 'malstrom'

/** Counts words, on as many threads as it is started with. */
export default defineJob({
  name: 'counted-words',
  module: import.meta.url,
  persistence: () => diskPersistence('./state'),
  build(flow, { words }: { words: number }) {
    flow
      .source('words', fromIterable(Array.from({ length: words }, (_, n) => ['to', 'be', 'or', 'not'][n % 4] as string)))
      .keyDistribute('by-word', (word) => word)
      .fold(
        'count',
        () => 0,
        (count) => count + 1,
      )
      .discard('end')
  },
})
