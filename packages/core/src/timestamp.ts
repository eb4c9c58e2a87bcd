/**
 * How timestamps of type `T` are ordered and merged.
 *
 * `merge` is associative, commutative and idempotent; `merge(a, max)` is `a`, `merge(a, min)` is
 * `min`, and neither argument is ever below the result. `timestampLaws()` in `@malstrom/testing`
 * checks all of it. The idea is that of Malstrom's `Timestamp` trait and of timely dataflow's
 * partial orders, for totally ordered times.
 */
export interface TimestampAlgebra<T> {
  /** No timestamp is smaller. */
  readonly min: T
  /** No timestamp is larger. An epoch of `max` says that nothing will ever follow. */
  readonly max: T
  /** Negative, zero or positive, as for `Array.prototype.sort`; `NaN` if either value is no timestamp. */
  compare(a: T, b: T): number
  /** The largest timestamp that is not after either argument; aligns epochs of several inputs. */
  merge(a: T, b: T): T
  /** The largest timestamp below `t`, for times with discrete steps. Leave it out for dense times. */
  before?(t: T): T
}

/** Numbers, usually milliseconds since 1970 or offsets. `before` steps by 1, so times stay within ±2 ** 53. */
export const numberTime: TimestampAlgebra<number> = {
  min: Number.NEGATIVE_INFINITY,
  max: Number.POSITIVE_INFINITY,
  compare: (a, b) => (a < b ? -1 : a > b ? 1 : a === b && typeof a === 'number' ? 0 : Number.NaN),
  merge: (a, b) => (a < b ? a : b),
  before: (t) => t - 1,
}

/** 64-bit signed integers, for example nanoseconds since 1970. `before` steps by 1. */
export const bigintTime: TimestampAlgebra<bigint> = {
  min: -(2n ** 63n),
  max: 2n ** 63n - 1n,
  compare: (a, b) => (a < b ? -1 : a > b ? 1 : a === b && typeof a === 'bigint' ? 0 : Number.NaN),
  merge: (a, b) => (a < b ? a : b),
  before: (t) => t - 1n,
}

const DATE_RANGE_MS = 8.64e15

/** `Date`s, compared by their milliseconds since 1970. An invalid date is no timestamp. */
export const dateTime: TimestampAlgebra<Date> = {
  min: new Date(-DATE_RANGE_MS),
  max: new Date(DATE_RANGE_MS),
  // Data that was parsed from JSON has strings where its type promises dates.
  compare: (a, b) => (a instanceof Date && b instanceof Date ? a.getTime() - b.getTime() : Number.NaN),
  merge: (a, b) => (a.getTime() < b.getTime() ? a : b),
  before: (t) => new Date(t.getTime() - 1),
}

/** Whether `t` is a timestamp of `time`: not `undefined`, not `NaN`, not an invalid date, not of another type. */
export function isTimestamp<T>(time: TimestampAlgebra<T>, t: T): boolean {
  return t !== undefined && t !== null && time.compare(t, t) === 0
}
