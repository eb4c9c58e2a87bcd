import { eventEpochs, firstEventAt, handLoops, type NexmarkEvent, queries } from '@malstrom/app-nexmark'
import { numberTime, type Source } from '@malstrom/core'
import { defineJob, singleThread } from 'malstrom'
import { type Figure, figureOf } from '../figure.ts'
import { d2tsNexmark } from '../peers/d2ts-nexmark.ts'
import { keptByHand } from '../peers/kept-by-hand.ts'
import { KeptEvents } from '../peers/kept-events.ts'
import { pollute } from '../pollute.ts'
import { type Contestant, runRounds } from '../rounds.ts'
import { ratios } from '../statistics.ts'
import { checksumOf } from './nexmark.ts'

/**
 * A job has code of its own, which V8 compiles in the first 20 to 30 ms of its run. A stream goes on for days, so there are as many events as
 * make that a small part, and as d2ts takes no minutes for.
 */
const EVENTS = { q3: 10_000_000, q4: 400_000, q8: 2_000_000 }
/** With bids left out there are 8% left, so more are taken. */
const BIDLESS_TIMES = 2
const ROUNDS = { warmup: 2, counted: 7 }

type PeerQuery = keyof typeof d2tsNexmark

/**
 * The queries of Nexmark that differential dataflow can express with its operators, against those. The events are there before the
 * clock starts, or their making would be most of our time. Of the events 92% are bids, which q3 and q8 only drop, so those are also
 * measured without them: what is left to compare is the state.
 */
export async function runNexmarkPeers(): Promise<Figure[]> {
  await pollute(['malstrom', 'd2ts'])
  const figures: Figure[] = []
  for (const query of ['q3', 'q4', 'q8'] as const) {
    figures.push(...(await ratiosOf(query, query, new KeptEvents(EVENTS[query]))))
  }
  for (const query of ['q3', 'q8'] as const) {
    const few = new KeptEvents(EVENTS[query] * BIDLESS_TIMES, ({ kind }) => kind !== 'bid')
    figures.push(...(await ratiosOf(`${query}_without_bids`, query, few)))
  }
  return figures
}

/** The time of d2ts divided by ours for the same events; and by that of a loop by hand, the most there is. */
async function ratiosOf(name: string, query: PeerQuery, kept: KeptEvents): Promise<Figure[]> {
  const { length: records } = kept.events
  const checksum = checksumOf(handLoops[query](firstEventAt((kept.times.at(-1) as number) + 1), 'splitmix'))
  const byHand = query === 'q4' ? undefined : keptByHand[query]
  const contestants: Contestant[] = [
    { name: 'd2ts', records, checksum, run: () => checksumOf(d2tsNexmark[query](kept)) },
    { name: 'malstrom', records, checksum, run: () => malstromChecksum(query, kept) },
  ]
  if (byHand !== undefined) contestants.push({ name: 'hand', records, checksum, run: () => checksumOf(byHand(kept)) })
  const samples = await runRounds(contestants, ROUNDS)
  const [peer = [], ours = [], hand] = [samples.get('d2ts'), samples.get('malstrom'), samples.get('hand')]
  const figures = [figureOf('nexmark-peers', `${name}_ratio_to_d2ts`, 'ratio', ratios(peer, ours))]
  if (hand !== undefined) figures.push(figureOf('nexmark-peers', `${name}_hand_ratio_to_d2ts`, 'ratio', ratios(peer, hand)))
  return figures
}

async function malstromChecksum(query: PeerQuery, kept: KeptEvents): Promise<number> {
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
  return checksumOf(summary.answer(state))
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
