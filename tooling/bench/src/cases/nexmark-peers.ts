import { type Figure, figureOf } from '../figure.ts'
import { OwnProcess } from '../own-process.ts'
import { runRounds } from '../rounds.ts'
import { ratios } from '../statistics.ts'

/**
 * A job has code of its own, which V8 compiles in the first 20 to 30 ms of its run. A stream goes on for days, so there are as many events as
 * make that a small part, and as d2ts takes no minutes for.
 */
const EVENTS = { q3: 10_000_000, q4: 400_000, q8: 2_000_000 }
/** With bids left out there are 8% left, so more are taken. */
const BIDLESS_TIMES = 2
const ROUNDS = { warmup: 2, counted: 7 }
const CONTESTANT = new URL('./nexmark-peers-process.ts', import.meta.url)

/**
 * The queries of Nexmark that differential dataflow can express with its operators, against those. The events are there before the
 * clock starts, or their making would be most of our time. Of the events 92% are bids, which q3 and q8 only drop, so those are also
 * measured without them: what is left to compare is the state.
 */
export async function runNexmarkPeers(): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const query of ['q3', 'q4', 'q8'] as const) {
    figures.push(...(await ratiosOf(query, query, EVENTS[query], 'all')))
  }
  for (const query of ['q3', 'q8'] as const) {
    figures.push(...(await ratiosOf(`${query}_without_bids`, query, EVENTS[query] * BIDLESS_TIMES, 'without_bids')))
  }
  return figures
}

/** The time of d2ts divided by ours for the same events; and by that of a loop by hand, the most there is. */
async function ratiosOf(name: string, query: keyof typeof EVENTS, events: number, which: 'all' | 'without_bids'): Promise<Figure[]> {
  const contestants: OwnProcess[] = []
  try {
    for (const who of query === 'q4' ? ['d2ts', 'malstrom'] : ['d2ts', 'malstrom', 'hand']) {
      contestants.push(await OwnProcess.start(who, CONTESTANT, [who, query, String(events), which]))
    }
    const samples = await runRounds(contestants, ROUNDS)
    const [peer = [], ours = [], hand] = [samples.get('d2ts'), samples.get('malstrom'), samples.get('hand')]
    const figure = (metric: string, unit: string, values: readonly number[]) => figureOf('nexmark-peers', `${name}_${metric}`, unit, values)
    const figures = [
      figure('ratio_to_d2ts', 'ratio', ratios(peer, ours)),
      figure('ns_per_event', 'ns', ours),
      figure('d2ts_ns_per_event', 'ns', peer),
    ]
    if (hand !== undefined) figures.push(figure('hand_ratio_to_d2ts', 'ratio', ratios(peer, hand)))
    return figures
  } finally {
    for (const contestant of contestants) contestant.end()
  }
}
