import type { TaskCode, TimestampAlgebra } from '@malstrom/core'
import { isNumberTime } from './is-number-time.ts'
import { leastOf } from './least-of.ts'

/**
 * The last epoch in generated code: one slot. For numbers it is an unboxed float that is NaN while
 * there is none, so that one comparison decides; NaN is neither before nor after anything.
 */
export class LastEpoch {
  readonly #time: TimestampAlgebra<unknown>
  readonly #numbers: boolean
  readonly #slot: Float64Array | unknown[]

  constructor(time: TimestampAlgebra<unknown>) {
    this.#time = time
    this.#numbers = isNumberTime(time)
    this.#slot = this.#numbers ? new Float64Array([Number.NaN]) : [undefined]
  }

  get value(): unknown {
    const [last] = this.#slot
    return this.#numbers && Number.isNaN(last) ? undefined : last
  }

  set value(epoch: unknown) {
    this.#slot[0] = epoch
  }

  slot(code: TaskCode): string {
    return `${code.bind('last', this.#slot)}[0]`
  }

  orUndefined(code: TaskCode): string {
    const last = this.slot(code)
    return this.#numbers ? `(${last} === ${last} ? ${last} : undefined)` : last
  }

  /** Whether there is a last epoch and `timestamp` is not after it. */
  covers(code: TaskCode, timestamp: string): string {
    const last = this.slot(code)
    return this.#numbers ? `${timestamp} <= ${last}` : `(${last} !== undefined && ${code.notAfter(this.#time, timestamp, last)})`
  }

  /** Whether there is no last epoch or `epoch` is after it. */
  precedes(code: TaskCode, epoch: string): string {
    return `!(${this.covers(code, epoch)})`
  }

  /** The interpreted form of `covers`. */
  isBehind(timestamp: unknown): boolean {
    const [last] = this.#slot
    if (this.#numbers) return (timestamp as number) <= (last as number)
    return last !== undefined && this.#time.compare(timestamp, last) <= 0
  }

  /** Goes on from the last epochs on each of several workers; stays as it is if one of them has had none. */
  restore(saved: readonly unknown[]): void {
    const least = leastOf(this.#time, saved)
    if (least !== undefined) this.value = least
  }
}
