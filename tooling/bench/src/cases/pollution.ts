import { runChild } from '../child-process.ts'
import { type Figure, figureOf } from '../figure.ts'
import { ratios } from '../statistics.ts'

const PAIRS = 7

/** Fresh and polluted processes in turn; each pair gives one slowdown. */
export async function runPollution(): Promise<Figure[]> {
  const fresh: number[] = []
  const polluted: number[] = []
  for (let pair = 0; pair < PAIRS; pair++) {
    fresh.push(await nsPerRecord('fresh'))
    polluted.push(await nsPerRecord('polluted'))
  }
  return [
    figureOf('pollution', 'slowdown', 'ratio', ratios(polluted, fresh)),
    figureOf('pollution', 'fresh_ns_per_record', 'ns', fresh),
    figureOf('pollution', 'polluted_ns_per_record', 'ns', polluted),
  ]
}

async function nsPerRecord(history: 'fresh' | 'polluted'): Promise<number> {
  const [ns] = await runChild(new URL('./pollution-process.ts', import.meta.url), [history])
  return ns as number
}
