import { isTimestamp, MalstromError, type Output, type TimestampAlgebra } from '@malstrom/core'
import { isNumberTime } from './is-number-time.ts'
import { leastOf } from './least-of.ts'

/**
 * The output of a custom operator, which holds it to the promise of its epochs: once `Epoch(t)` has
 * left the operator, no record with a timestamp at or before `t` may leave it.
 */
export class GuardedOutput implements Output<unknown, unknown, unknown> {
  /** Where records go; set when the task is put together. */
  send: (value: unknown, key: unknown, timestamp: unknown) => void = () => {}
  readonly #operator: string
  readonly #time: TimestampAlgebra<unknown>
  #frontier: unknown
  /** The frontier again, where timestamps are numbers: one comparison decides the usual case. */
  #numberFrontier: number

  constructor(operator: string, time: TimestampAlgebra<unknown>) {
    this.#operator = operator
    this.#time = time
    this.#numberFrontier = isNumberTime(time) ? Number.NEGATIVE_INFINITY : Number.NaN
  }

  /** The last epoch that left the operator. */
  get frontier(): unknown {
    return this.#frontier
  }

  /** Goes on from the last epochs that left the operator on each worker. */
  restore(frontiers: readonly unknown[]): void {
    const frontier = leastOf(this.#time, frontiers)
    if (frontier !== undefined) this.advance(frontier)
  }

  emit(value: unknown, key: unknown, timestamp: unknown): void {
    if (!(typeof timestamp === 'number' && timestamp > this.#numberFrontier)) this.#check(key, timestamp)
    this.send(value, key, timestamp)
  }

  /** An epoch leaves the operator. */
  advance(epoch: unknown): void {
    this.#frontier = epoch
    if (isNumberTime(this.#time)) this.#numberFrontier = epoch as number
  }

  #check(key: unknown, timestamp: unknown): void {
    const context = { operator: this.#operator, key, timestamp }
    if (!isTimestamp(this.#time, timestamp)) {
      throw new MalstromError(
        'ERR_TIMESTAMP_INVALID',
        `Operator "${this.#operator}" emitted the timestamp ${String(timestamp)}, which is none.`,
        {
          context,
        },
      )
    }
    if (this.#frontier === undefined || this.#time.compare(timestamp, this.#frontier) > 0) return
    throw new MalstromError(
      'ERR_EPOCH_LAW',
      `Operator "${this.#operator}" emitted a record at ${String(timestamp)} after its epoch ${String(this.#frontier)} had promised that nothing at or before it follows. Emit it in onEpoch, which runs before the epoch is passed on, or with a later timestamp.`,
      { context },
    )
  }
}
