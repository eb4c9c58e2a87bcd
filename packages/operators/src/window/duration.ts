import { checkOptionNames, MalstromError, type TimestampAlgebra } from '@malstrom/core'

/** A length of time: at least one unit. Days have 24 hours; see `calendarDays` for those of a time zone. */
export interface Duration {
  readonly days?: number
  readonly hours?: number
  readonly minutes?: number
  readonly seconds?: number
  readonly milliseconds?: number
}

/**
 * A length of time for a stream's own kind of timestamps: a number or bigint of their unit (milliseconds for
 * dates, and usually for numbers), or a duration, which counts in milliseconds. Streams with bigint timestamps
 * take no durations, because nothing says whether theirs are milliseconds or nanoseconds.
 */
export type Size = number | bigint | Duration

/** The timestamps that sizes can be added to. */
export type SizedTime = number | bigint | Date

const MS_OF = { days: 86_400_000, hours: 3_600_000, minutes: 60_000, seconds: 1_000, milliseconds: 1 } as const

/** How timestamps are reckoned with: what they are as numbers or bigints, and back. */
export interface Reckoning<T, N extends number | bigint> {
  unitsOf(timestamp: T): N
  timestampOf(units: N): T
}

/** What kind of numbers the timestamps of an algebra are. */
export function kindOf(time: TimestampAlgebra<unknown>): 'number' | 'bigint' | 'date' {
  const { min } = time
  if (typeof min === 'number' || typeof min === 'bigint') return typeof min as 'number' | 'bigint'
  if (min instanceof Date) return 'date'
  throw new MalstromError(
    'ERR_OPERATOR_ARGUMENT',
    'these windows need timestamps that are numbers, bigints or dates. Give windows of your own for other times, an object with merging and assigner.',
  )
}

const DATE_RANGE_MS = 8.64e15
const BIGINT_MAX = 2n ** 63n - 1n

/** Timestamps as numbers: themselves, or milliseconds of dates. Stays within the range of dates. */
export function numberReckoning<T>(time: TimestampAlgebra<T>): Reckoning<T, number> {
  const reckoning: Reckoning<number, number> | Reckoning<Date, number> =
    kindOf(time) === 'date'
      ? {
          unitsOf: (date: Date) => date.getTime(),
          timestampOf: (ms) => new Date(Math.min(Math.max(ms, -DATE_RANGE_MS), DATE_RANGE_MS)),
        }
      : { unitsOf: (timestamp: number) => timestamp, timestampOf: (units) => units }
  return reckoning as unknown as Reckoning<T, number>
}

/** Bigint timestamps, which stay within 64 bits. */
export const bigintReckoning: Reckoning<bigint, bigint> = {
  unitsOf: (timestamp) => timestamp,
  timestampOf: (units) => (units > BIGINT_MAX ? BIGINT_MAX : units < -BIGINT_MAX ? -(BIGINT_MAX + 1n) : units),
}

/** A distance in the unit of timestamps. */
export type Units = number | bigint

/** The timestamp at a distance from another. */
export type Shift = (timestamp: unknown, units: Units) => unknown

export function shiftOf(time: TimestampAlgebra<unknown>): Shift {
  switch (kindOf(time)) {
    case 'number':
      return (timestamp, units) => (timestamp as number) + (units as number)
    case 'bigint':
      return (timestamp, units) => bigintReckoning.timestampOf((timestamp as bigint) + (units as bigint))
    case 'date': {
      const { unitsOf: msOf, timestampOf } = numberReckoning(time)
      return (timestamp, units) => timestampOf(msOf(timestamp) + (units as number))
    }
  }
}

/** The length as a whole number of the unit of timestamps. */
export function unitsOf(size: Size, what: string, time: TimestampAlgebra<unknown>): Units {
  const units = typeof size === 'object' && size !== null ? millisecondsOf(size, what, time) : size
  if (kindOf(time) === 'bigint') return wholeBigint(units, what)
  const number = typeof units === 'bigint' ? Number(units) : units
  if (Number.isSafeInteger(number)) return number
  throw new MalstromError('ERR_OPERATOR_ARGUMENT', `${what} is a whole number or a duration such as { minutes: 5 }, not ${String(size)}.`)
}

/** The same for a length that must be above 0. Checked when the graph is built. */
export function positiveUnitsOf(size: Size, what: string, time: TimestampAlgebra<unknown>): Units {
  const units = unitsOf(size, what, time)
  if (units > 0) return units
  throw new MalstromError('ERR_OPERATOR_ARGUMENT', `${what} must be above 0, and is ${String(units)}.`)
}

function wholeBigint(units: number | bigint, what: string): bigint {
  if (typeof units === 'bigint') return units
  if (Number.isSafeInteger(units)) return BigInt(units)
  throw new MalstromError('ERR_OPERATOR_ARGUMENT', `${what} is a whole number or a bigint, not ${String(units)}.`)
}

function millisecondsOf(duration: Duration, what: string, time: TimestampAlgebra<unknown>): number {
  checkOptionNames(what, duration, Object.keys(MS_OF))
  if (kindOf(time) === 'bigint') {
    throw new MalstromError(
      'ERR_OPERATOR_ARGUMENT',
      `${what} is a duration, but the stream has bigint timestamps, whose unit nobody knows here. Give a bigint of their unit.`,
    )
  }
  const parts = Object.entries(duration).filter(([, count]) => count !== undefined) as [keyof typeof MS_OF, number][]
  if (parts.length === 0 || parts.some(([, count]) => typeof count !== 'number')) {
    throw new MalstromError('ERR_OPERATOR_ARGUMENT', `${what} needs numbers of ${Object.keys(MS_OF).join(', ')}.`)
  }
  return parts.reduce((sum, [unit, count]) => sum + count * MS_OF[unit], 0)
}
