import { type Answer, eventEpochs, type NexmarkEvent, queries } from '@malstrom/app-nexmark'
import { numberTime, type Source } from '@malstrom/core'
import { defineJob, singleThread } from 'malstrom'
import type { KeptEvents } from './kept-events.ts'

/** A query of Nexmark as a whole job over events that are there. */
export async function malstromNexmark(query: 'q3' | 'q4' | 'q8', kept: KeptEvents): Promise<Answer> {
  const { results, summary } = queries[query]
  const state = summary.empty()
  const job = defineJob({
    name: 'nexmark-peers',
    module: import.meta.url,
    build(flow) {
      const { onTime, late } = flow.source('events', sourceOf(kept), { epochs: eventEpochs(1) })
      late.discard('late')
      results(onTime).sink('answer', {
        ...SINK,
        openPartition: () => ({ ...SINK, write: summary.adder(state) }),
      })
    },
  })
  await singleThread().run(job)
  return summary.answer(state)
}

/** What both levels of the sink have in common: nothing is kept. */
const SINK = { stateless: true, saturated: false, flush: () => Promise.resolve(), snapshot: () => undefined, close: () => {} }

function sourceOf({ events, times }: KeptEvents): Source<NexmarkEvent, number, string, number> {
  return {
    time: numberTime,
    listPartitions: () => ['all'],
    openPartition: (_partition, position = 0) => {
      let next = position
      return {
        poll(output, limit) {
          const end = Math.min(next + limit, events.length)
          output.emitAll(events, next, end, times.subarray(next, end))
          next = end
          return next === events.length ? 'finished' : 'more'
        },
        ready: () => Promise.resolve(),
        snapshot: () => next,
        close: () => {},
      }
    },
  }
}
