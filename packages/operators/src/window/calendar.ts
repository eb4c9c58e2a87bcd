import { checkOptionNames, MalstromError, type TimestampAlgebra } from '@malstrom/core'
import { kindOf, numberReckoning } from './duration.ts'
import { type Slices, sliceAssigner, type Windows } from './window.ts'
import { ZoneClock } from './zone-clock.ts'

export interface CalendarOptions {
  /** An IANA name such as `Europe/Berlin` or `UTC`. */
  readonly timeZone: string
}

const DAY_MS = 86_400_000

/**
 * Days of a time zone's calendar: 23 to 25 hours long where clocks change. For timestamps that are milliseconds
 * since 1970, or dates.
 */
export function calendarDays(options: CalendarOptions): Windows<number | Date, false> {
  return calendarWindows('calendarDays', options, {
    indexOf: (localMs) => Math.floor(localMs / DAY_MS),
    localStart: (day) => day * DAY_MS,
  })
}

/** Months of a time zone's calendar. For timestamps that are milliseconds since 1970, or dates. */
export function calendarMonths(options: CalendarOptions): Windows<number | Date, false> {
  return calendarWindows('calendarMonths', options, {
    indexOf: (localMs) => {
      const date = new Date(localMs)
      return date.getUTCFullYear() * 12 + date.getUTCMonth()
    },
    localStart: (month) => {
      // `Date.UTC` takes the years 0 to 99 for 1900 to 1999.
      const date = new Date(0)
      date.setUTCFullYear(Math.floor(month / 12), ((month % 12) + 12) % 12, 1)
      return date.getTime()
    },
  })
}

/** A unit of the calendar, by what clocks on the wall show. */
interface CalendarUnit {
  /** The number of the unit that a local time is in. */
  indexOf(localMs: number): number
  /** The local time at which a unit starts. */
  localStart(index: number): number
}

function calendarWindows(kind: string, options: CalendarOptions, unit: CalendarUnit): Windows<number | Date, false> {
  checkOptionNames(kind, options, ['timeZone'])
  const clock = new ZoneClock(kind, options.timeZone)
  return {
    merging: false,
    assigner<T extends number | Date>(time: TimestampAlgebra<T>) {
      if (kindOf(time as unknown as TimestampAlgebra<unknown>) === 'bigint') {
        throw new MalstromError(
          'ERR_OPERATOR_ARGUMENT',
          `${kind} needs timestamps in milliseconds since 1970 or dates, and the stream has bigints. Use assignTimestamps before.`,
        )
      }
      return sliceAssigner(time, calendarSlices(time, clock, unit), `${kind}(${options.timeZone})`)
    },
  }
}

/** Starts that are remembered; each takes several questions to `Intl` to find. */
const STARTS_MAX = 1_000

function calendarSlices<T>(time: TimestampAlgebra<T>, clock: ZoneClock, unit: CalendarUnit): Slices<T> {
  const { unitsOf, timestampOf } = numberReckoning(time)
  const starts = new Map<number, number>()
  /** The slice that was asked for last, and its limits. */
  let last = Number.NaN
  let lastStart = Number.NaN
  let lastEnd = Number.NaN
  const startMs = (index: number): number => {
    const known = starts.get(index)
    if (known !== undefined) return known
    const start = clock.instantOf(unit.localStart(index))
    if (starts.size >= STARTS_MAX) starts.clear()
    starts.set(index, start)
    return start
  }
  return {
    perWindow: 1,
    perSlide: 1,
    even: undefined,
    startOf: (index) => timestampOf(Number.isFinite(index) ? startMs(index) : index),
    sliceOf(timestamp) {
      const ms = unitsOf(timestamp)
      if (ms >= lastStart && ms < lastEnd) return last
      if (!clock.knows(ms)) return ms < 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
      last = unit.indexOf(clock.localOf(ms))
      // Where clocks go back across midnight, the local date does so too, but windows must not.
      while (startMs(last) > ms) last--
      while (startMs(last + 1) <= ms) last++
      lastStart = startMs(last)
      lastEnd = startMs(last + 1)
      return last
    },
  }
}
