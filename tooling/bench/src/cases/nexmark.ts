import { type Answer, handLoops, type QueryName, runNexmark } from '@malstrom/app-nexmark'
import { hashString } from '@malstrom/core'
import { type Figure, figureOf } from '../figure.ts'
import { pollute } from '../pollute.ts'
import { type Contestant, runRounds } from '../rounds.ts'
import { ratios } from '../statistics.ts'

const EVENTS = 1_000_000
const ROUNDS = { warmup: 2, counted: 9 }
const QUERIES: readonly QueryName[] = ['q0', 'q1', 'q2', 'q3', 'q4', 'q5', 'q7', 'q8']

/** The queries of Nexmark against a loop by hand; both make the events themselves. */
export async function runNexmarkByHand(): Promise<Figure[]> {
  await pollute(['malstrom'])
  const figures: Figure[] = []
  for (const query of QUERIES) {
    const checksum = checksumOf(handLoops[query](EVENTS, 'splitmix'))
    const contestants: Contestant[] = [
      { name: 'hand', records: EVENTS, checksum, run: () => checksumOf(handLoops[query](EVENTS, 'splitmix')) },
      { name: 'malstrom', records: EVENTS, checksum, run: () => malstromChecksum(query, EVENTS) },
    ]
    const samples = await runRounds(contestants, ROUNDS)
    const [hand = [], ours = []] = [samples.get('hand'), samples.get('malstrom')]
    const rates = ours.map((ns) => 1_000 / ns)
    figures.push(
      figureOf('nexmark', `${query}_mevents`, 'M/s', rates),
      figureOf('nexmark', `${query}_ratio_to_hand`, 'ratio', ratios(hand, ours)),
    )
  }
  return figures
}

async function malstromChecksum(query: QueryName, events: number): Promise<number> {
  return checksumOf((await runNexmark({ query, events, seed: 'splitmix' })).answer)
}

export function checksumOf(answer: Answer): number {
  return hashString(JSON.stringify(answer))
}
