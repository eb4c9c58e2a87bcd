import { numberTime, type TimestampAlgebra } from '@malstrom/core'

/** Whether timestamps are ordinary numbers, which operators compare and add without calls. */
export function isNumberTime(time: TimestampAlgebra<unknown>): boolean {
  return time === (numberTime as TimestampAlgebra<unknown>)
}
