import { isTimestamp, MalstromError, type TimestampAlgebra } from '@malstrom/core'
import type { Frame } from '../exchange/frame.ts'

/** Refuses a frame with a record whose timestamp is none. */
export function checkTimestamps({ first, timestamps, count }: Frame, time: TimestampAlgebra<unknown>): void {
  if (first !== undefined) {
    if (!isTimestamp(time, first)) rejectTimestamp(first)
    return
  }
  if (timestamps instanceof Float64Array && !mayHoldNaN(timestamps, count)) return
  for (let i = 0; i < count; i++) if (!isTimestamp(time, timestamps[i])) rejectTimestamp(timestamps[i])
}

/** A record that comes out of a source has no valid timestamp. Whoever calls it names the source. */
export function rejectTimestamp(timestamp: unknown): never {
  throw new MalstromError('ERR_TIMESTAMP_INVALID', `${String(timestamp)} is no timestamp. Repair or drop such records in the source.`)
}

/**
 * Whether a sum of all is NaN, which it is if one of them is (or if both infinities are there). Four
 * sums at once, because each addition waits for the one before it.
 */
function mayHoldNaN(column: Float64Array, count: number): boolean {
  let a = 0
  let b = 0
  let c = 0
  let d = 0
  let i = 0
  for (; i + 3 < count; i += 4) {
    a += column[i] as number
    b += column[i + 1] as number
    c += column[i + 2] as number
    d += column[i + 3] as number
  }
  for (; i < count; i++) a += column[i] as number
  return Number.isNaN(a + b + c + d)
}
