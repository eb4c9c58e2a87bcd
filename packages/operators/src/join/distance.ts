import { MalstromError, type TimestampAlgebra } from '@malstrom/core'
import { type Size, type SizedTime, type Units, unitsOf } from '../window/duration.ts'

/**
 * How far two timestamps are apart: a number or bigint of their unit (milliseconds for dates, and usually for numbers),
 * or a duration such as `{ minutes: 5 }`. Other times have no distances.
 */
export type Distance<T> = T extends SizedTime ? Size : never

/** @throws MalstromError `ERR_OPERATOR_ARGUMENT` if it is no distance of this time */
export function distanceOf(distance: unknown, what: string, time: TimestampAlgebra<unknown>): Units {
  return unitsOf(distance as Size, what, time)
}

/** A distance into the future. */
export function ttlOf(ttl: unknown, time: TimestampAlgebra<unknown>): Units {
  const units = distanceOf(ttl, 'ttl', time)
  if (units >= 0) return units
  throw new MalstromError('ERR_OPERATOR_ARGUMENT', `ttl must not be below 0, and is ${String(units)}.`)
}

/** The distance in the other direction. */
export function negated(units: Units): Units {
  return typeof units === 'bigint' ? -units : 0 - units
}
