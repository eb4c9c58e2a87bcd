import type { KafkaRecord } from '../record-batch/kafka-record.ts'

/**
 * Makes a value of a record. Called once for each, in order, and again if it asked to wait. What it
 * throws makes the record undecodable; what becomes of it then is `onUndecodable` of the source.
 */
export type RecordDecoder<V> = (record: KafkaRecord) => V

/** Thrown by a decoder that cannot go on before `until` is settled: the source waits for it, then gives it the same record again. */
export class NotYet extends Error {
  readonly until: Promise<unknown>

  constructor(until: Promise<unknown>) {
    super('The decoder waits.')
    this.name = 'NotYet'
    this.until = until
  }
}

/** What a decoder gives for a tombstone, a record without a value. Without this it is undecodable. */
export interface TombstoneOption<D> {
  readonly tombstone: D
}
