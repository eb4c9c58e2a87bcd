import { EventGenerator, eventEpochs, firstEventAt, handLoops, type NexmarkEvent, queries, timeOf } from '@malstrom/app-nexmark'
import { numberTime, type Source } from '@malstrom/core'
import { defineJob, singleThread } from 'malstrom'
import { type Figure, figureOf } from '../figure.ts'
import { d2tsNexmark, type Timed } from '../peers/d2ts-nexmark.ts'
import { keptByHand } from '../peers/kept-by-hand.ts'
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
    figures.push(...(await ratiosOf(query, query, timedEvents(EVENTS[query]))))
  }
  for (const query of ['q3', 'q8'] as const) {
    const few = timedEvents(EVENTS[query] * BIDLESS_TIMES, ({ kind }) => kind !== 'bid')
    figures.push(...(await ratiosOf(`${query}_without_bids`, query, few)))
  }
  return figures
}

/** The time of d2ts divided by ours for the same events; and by that of a loop by hand, the most there is. */
async function ratiosOf(name: string, query: PeerQuery, events: readonly Timed[]): Promise<Figure[]> {
  const { length: records } = events
  const checksum = checksumOf(handLoops[query](firstEventAt((events.at(-1) as Timed).time + 1), 'splitmix'))
  const byHand = query === 'q4' ? undefined : keptByHand[query]
  const contestants: Contestant[] = [
    { name: 'd2ts', records, checksum, run: () => checksumOf(d2tsNexmark[query](events)) },
    { name: 'malstrom', records, checksum, run: () => malstromChecksum(query, events) },
  ]
  if (byHand !== undefined) contestants.push({ name: 'hand', records, checksum, run: () => checksumOf(byHand(events)) })
  const samples = await runRounds(contestants, ROUNDS)
  const [peer = [], ours = [], hand] = [samples.get('d2ts'), samples.get('malstrom'), samples.get('hand')]
  const figures = [figureOf('nexmark-peers', `${name}_ratio_to_d2ts`, 'ratio', ratios(peer, ours))]
  if (hand !== undefined) figures.push(figureOf('nexmark-peers', `${name}_hand_ratio_to_d2ts`, 'ratio', ratios(peer, hand)))
  return figures
}

function timedEvents(count: number, isKept: (event: NexmarkEvent) => boolean = () => true): Timed[] {
  const generator = new EventGenerator('splitmix')
  const events: Timed[] = []
  for (let id = 0; id < count; id++) {
    const event = generator.event(id)
    if (isKept(event)) events.push({ event, time: timeOf(id) })
  }
  return events
}

async function malstromChecksum(query: PeerQuery, events: readonly Timed[]): Promise<number> {
  const { results, summary } = queries[query]
  const state = summary.empty()
  const job = defineJob({
    name: 'nexmark-peers',
    module: import.meta.url,
    build(flow) {
      const { onTime, late } = flow.source('events', keptEvents(events), {
        timestamp: ({ time }) => time,
        epochs: ({ event }, timestamp, previous) => epochOf(event, timestamp, previous),
      })
      late.discard('late')
      results(onTime.map('event', ({ event }) => event)).sink('answer', {
        ...SINK,
        openPartition: () => ({ ...SINK, write: summary.adder(state) }),
      })
    },
  })
  await singleThread().run(job)
  return checksumOf(summary.answer(state))
}

const epochOf = eventEpochs(1)

/** What both levels of the sink have in common: nothing is kept. */
const SINK = { stateless: true, saturated: false, flush: () => Promise.resolve(), snapshot: () => undefined, close: () => {} }

function keptEvents(events: readonly Timed[]): Source<Timed, number, string, number> {
  return {
    time: numberTime,
    listPartitions: () => ['all'],
    openPartition: (_partition, position = 0) => {
      let next = position
      return {
        poll(output, limit) {
          const end = Math.min(next + limit, events.length)
          output.emitIndexed(events, next, end, next)
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
