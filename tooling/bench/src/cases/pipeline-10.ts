import { ChecksumSink, Steps } from '../pipeline.ts'
import type { BenchCase } from './bench-case.ts'
import { wholeNumbers } from './values.ts'

class SumSink extends ChecksumSink {
  override write(value: number): void {
    this.checksum += value
  }
}

/** Ten cheap operators on numbers. */
export const pipeline10: BenchCase<number> = {
  name: 'pipeline-10',
  about: 'ten cheap operators on numbers',
  records: 20_000_000,
  peerRecords: 100_000,
  rounds: 15,
  values: wholeNumbers,
  steps: new Steps<number>()
    .map((x) => x + 1)
    .filter((x) => x % 3 !== 0)
    .map((x) => x * 2)
    .filter((x) => x % 5 !== 0)
    .map((x) => x - 7)
    .map((x) => x ^ 21)
    .filter((x) => x % 7 !== 0)
    .map((x) => x + 13)
    .filter((x) => (x & 31) !== 0)
    .map((x) => x >> 1).list,
  sink: () => new SumSink(),
  hand(values) {
    let sum = 0
    for (let i = 0; i < values.length; i++) {
      const a = (values[i] as number) + 1
      if (a % 3 === 0) continue
      const b = a * 2
      if (b % 5 === 0) continue
      const c = (b - 7) ^ 21
      if (c % 7 === 0) continue
      const d = c + 13
      if ((d & 31) === 0) continue
      sum += d >> 1
    }
    return sum
  },
}
