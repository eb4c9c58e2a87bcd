import type { ChecksumSink, Step } from '../pipeline.ts'

/** One pipeline, how a good engineer would write it by hand, and on how many records it is measured. */
export interface BenchCase<V> {
  readonly name: string
  /** One line for the list of cases. */
  readonly about: string
  /** Records for ours and the hand-written loop. */
  readonly records: number
  /** Records for Node streams and async generators; other peers take a multiple. Compared per record. */
  readonly peerRecords: number
  /** Counted rounds; in each round every contestant runs once. */
  readonly rounds: number
  /** The same records every time. */
  values(count: number): readonly V[]
  readonly steps: readonly Step[]
  sink(): ChecksumSink
  /** The best plain code for the same result; returns the checksum. */
  hand(values: readonly V[]): number
  /** Other ways to write it by hand, measured as well: by name. */
  readonly otherHands?: Readonly<Record<string, (values: readonly V[]) => number>>
  /** The checksum of a contestant that answers once per key at the end; absent without keys. */
  handLast?(values: readonly V[]): number
  /** Contestants that cannot do this, and why. */
  readonly without?: Readonly<Partial<Record<string, string>>>
}
