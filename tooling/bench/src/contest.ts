import type { BenchCase } from './cases/bench-case.ts'
import { type Figure, figureOf } from './figure.ts'
import { contestants } from './peers/index.ts'
import { pollute } from './pollute.ts'
import { type Contestant, runRounds } from './rounds.ts'
import { ratios } from './statistics.ts'

const WARMUP_ROUNDS = 3
/** How many of the case's `peerRecords` a peer runs on: about equal times, so that no round takes long. */
const SHARE_OF_PEER_RECORDS: Readonly<Record<string, number>> = { rxjs: 5, d2ts: 0.25 }

/** Measures ours, the hand-written loop and the peers on one case, in this process. */
export async function contest<V>(benchCase: BenchCase<V>): Promise<Figure[]> {
  await pollute()
  const samples = await runRounds(contestantsOf(benchCase, benchCase.records, benchCase.peerRecords), {
    warmup: WARMUP_ROUNDS,
    counted: benchCase.rounds,
  })
  const nsOf = (name: string) => samples.get(name) ?? []
  const ours = nsOf('malstrom')
  const figure = (metric: string, unit: string, values: readonly number[]) => figureOf(benchCase.name, metric, unit, values)
  const others = [...samples.keys()].filter((name) => name !== 'malstrom')
  return [
    ...others.map((name) => figure(`ratio_to_${name}`, 'ratio', ratios(nsOf(name), ours))),
    figure(
      'records_per_second',
      'records/s',
      ours.map((ns) => 1e9 / ns),
    ),
    figure('ns_per_record', 'ns', ours),
    ...others.map((name) => figure(`${name}_ns_per_record`, 'ns', nsOf(name))),
  ]
}

/** The hand-written loop, then everybody who can run the case. */
export function contestantsOf<V>(benchCase: BenchCase<V>, records: number, peerRecords: number): Contestant[] {
  const values = benchCase.values(records)
  const { steps } = benchCase
  return [
    ...Object.entries({ hand: benchCase.hand, ...benchCase.otherHands }).map(
      ([name, run]): Contestant => ({ name, records, checksum: benchCase.hand(values), run: () => run(values) }),
    ),
    ...Object.entries(contestants)
      .filter(([name]) => benchCase.without?.[name] === undefined)
      .map(([name, run]): Contestant => {
        const input = name === 'malstrom' ? values : values.slice(0, peerRecords * (SHARE_OF_PEER_RECORDS[name] ?? 1))
        const right = name === 'd2ts' && benchCase.handLast !== undefined ? benchCase.handLast : benchCase.hand
        return {
          name,
          records: input.length,
          checksum: right(input),
          async run() {
            const sink = benchCase.sink()
            await run({ values: input, steps, sink })
            return sink.checksum
          },
        }
      }),
  ]
}
