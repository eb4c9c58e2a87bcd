import { ChecksumSink, Steps } from '../pipeline.ts'
import type { BenchCase } from './bench-case.ts'
import { wholeNumbers } from './values.ts'

class SumSink extends ChecksumSink {
  override write(value: number): void {
    this.checksum += value
  }
}

/** Five cheap operators on numbers: what is left is the cost of the engine. */
export const pipeline5: BenchCase<number> = {
  name: 'pipeline-5',
  about: 'five cheap operators on numbers',
  records: 20_000_000,
  peerRecords: 100_000,
  rounds: 21,
  values: wholeNumbers,
  steps: new Steps<number>()
    .map((x) => x + 1)
    .filter((x) => x % 3 !== 0)
    .map((x) => x * 2)
    .filter((x) => x % 5 !== 0)
    .map((x) => x - 7).list,
  sink: () => new SumSink(),
  hand(values) {
    let sum = 0
    for (let i = 0; i < values.length; i++) {
      const a = (values[i] as number) + 1
      if (a % 3 === 0) continue
      const b = a * 2
      if (b % 5 === 0) continue
      sum += b - 7
    }
    return sum
  },
}
