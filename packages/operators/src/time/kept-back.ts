import type { OperatorWait, TimestampAlgebra } from '@malstrom/core'

/**
 * Counts what an operator keeps back until epochs come, and knows which is first, for `FusedOperator.explain`. Made anew each
 * time that somebody asks, from the states as they are: what has gone, or has moved to another worker, is not counted.
 */
export class KeptBack {
  count = 0
  /** The epoch that the first of them waits for. */
  until: unknown = undefined
  readonly #time: TimestampAlgebra<unknown>

  constructor(time: TimestampAlgebra<unknown>) {
    this.#time = time
  }

  /** Returns whether this is the first so far. */
  add(until: unknown, count = 1): boolean {
    this.count += count
    if (this.count > count && this.#time.compare(this.until, until) <= 0) return false
    this.until = until
    return true
  }

  wait(what: string): OperatorWait {
    return { waitsFor: 'epoch', what, count: this.count, until: this.until }
  }
}

/** `1 key`, `2 keys`. */
export function keysText(count: number): string {
  return count === 1 ? '1 key' : `${count} keys`
}

/** A timestamp in a sentence. */
export function timestampText(timestamp: unknown): string {
  return timestamp instanceof Date && !Number.isNaN(timestamp.getTime()) ? timestamp.toISOString() : String(timestamp)
}
