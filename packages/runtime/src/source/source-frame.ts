import { assert, numberTime, type SourceOutput, type TimestampAlgebra } from '@malstrom/core'
import { FRAME_RECORDS_MAX, type Frame } from '../exchange/frame.ts'

/**
 * What one poll of a source partition has emitted, as a frame. Whole arrays are taken over without
 * copying; single records are written to columns that are used again for the next poll.
 */
export class SourceFrame implements Frame, SourceOutput<unknown, unknown> {
  values: readonly unknown[]
  start = 0
  readonly keys = undefined
  timestamps: ArrayLike<unknown>
  first: number | undefined
  count = 0
  readonly #ownValues: unknown[] = []
  readonly #ownTimestamps: unknown[] | Float64Array

  readonly #numbers: boolean

  constructor(time: TimestampAlgebra<unknown>) {
    this.#numbers = time === (numberTime as TimestampAlgebra<unknown>)
    this.#ownTimestamps = this.#numbers ? new Float64Array(FRAME_RECORDS_MAX) : []
    this.values = this.#ownValues
    this.timestamps = this.#ownTimestamps
  }

  /** Forgets the records of the last poll. */
  clear(): void {
    this.values = this.#ownValues
    this.timestamps = this.#ownTimestamps
    this.start = 0
    this.first = undefined
    this.count = 0
  }

  emit(value: unknown, timestamp: unknown): void {
    const index = this.count
    assert(index < FRAME_RECORDS_MAX, 'a source emits no more records than the limit of the poll')
    this.#ownValues[index] = value
    // A column of floats would make a number of anything; NaN is refused after the poll.
    this.#ownTimestamps[index] = this.#numbers && typeof timestamp !== 'number' ? Number.NaN : timestamp
    this.count = index + 1
  }

  emitAll(values: readonly unknown[], start: number, end: number, timestamps: ArrayLike<unknown>): void {
    this.#takeOver(values, start, end)
    this.timestamps = timestamps
  }

  emitIndexed(values: readonly unknown[], start: number, end: number, first: number): void {
    this.#takeOver(values, start, end)
    this.first = first
  }

  #takeOver(values: readonly unknown[], start: number, end: number): void {
    assert(this.count === 0, 'a source emits arrays once per poll and not together with single records')
    assert(end - start <= FRAME_RECORDS_MAX, 'a source emits no more records than the limit of the poll')
    this.values = values
    this.start = start
    this.count = end - start
  }
}
