import { ChecksumSink, Steps } from '../pipeline.ts'
import type { BenchCase } from './bench-case.ts'
import { diceOf } from './values.ts'

const VOCABULARY_WORDS = 10_000
const LINE_WORDS = 10

class CountSink extends ChecksumSink {
  override write(count: number): void {
    this.checksum += count
  }
}

/** Lines of ten words, split and counted; a record is a line. Some words are frequent and most are rare, as in a text. */
export const wordcount: BenchCase<string> = {
  name: 'wordcount',
  about: 'lines split into words, counted',
  records: 200_000,
  peerRecords: 20_000,
  rounds: 9,
  values(count) {
    const dice = diceOf(11)
    const word = () => `word${Math.floor(VOCABULARY_WORDS ** (dice(1_000_000) / 1_000_000)).toString(36)}`
    return Array.from({ length: count }, () => Array.from({ length: LINE_WORDS }, word).join(' '))
  },
  steps: new Steps<string>()
    .flatMap((line) => line.split(' '))
    .foldBy(
      (word) => word,
      0,
      (count) => count + 1,
    ).list,
  sink: () => new CountSink(),
  hand(lines) {
    const counts = new Map<string, number>()
    let checksum = 0
    for (let i = 0; i < lines.length; i++) {
      const words = (lines[i] as string).split(' ')
      for (let j = 0; j < words.length; j++) {
        const word = words[j] as string
        const count = (counts.get(word) ?? 0) + 1
        counts.set(word, count)
        checksum += count
      }
    }
    return checksum
  },
  without: { d2ts: 'it has no operator that makes several records of one' },
}
