import type { AirportTotals } from './airport-totals.ts'
import type { Airport } from './airports.ts'
import { type DelayStatistics, type DelayTotals, rounded, statisticsOf } from './delay-totals.ts'
import type { WindowTotals } from './window-totals.ts'

/** What the job says about one airport in one hour. Times are local to the airport. */
export interface HourResult extends DelayStatistics {
  readonly type: 'hour'
  readonly airport: string
  readonly name: string | null
  /** `2001-01-31T18:00` */
  readonly hour: string
}

/** What the job says about one airport on one day. */
export interface DayResult extends DelayStatistics {
  readonly type: 'day'
  readonly airport: string
  readonly name: string | null
  /** `2001-01-31` */
  readonly day: string
}

/** What the job says about one airport as a whole. Statistics are `null` if all its records were late. */
export interface AirportResult {
  readonly type: 'airport'
  readonly airport: string
  readonly name: string | null
  readonly city: string | null
  readonly state: string | null
  readonly flights: number
  readonly averageDelayMinutes: number | null
  readonly delayedShare: number | null
  readonly worstDelayMinutes: number | null
  /** The hour of the day with the highest average delay, of those that are not too quiet; the first of several. */
  readonly worstHour: { readonly hour: number; readonly averageDelayMinutes: number } | null
  /** The same of the days. */
  readonly worstDay: { readonly day: string; readonly averageDelayMinutes: number } | null
  /** Records behind the frontier. They are in none of the other figures. */
  readonly late: number
}

export function windowResult({ type, start, totals }: WindowTotals, airport: string, place: Airport | undefined): HourResult | DayResult {
  const name = place?.name ?? null
  return type === 'hour'
    ? { type, airport, name, hour: new Date(start).toISOString().slice(0, 16), ...statisticsOf(totals) }
    : { type, airport, name, day: dayText(start), ...statisticsOf(totals) }
}

export function airportResult(report: AirportTotals, airport: string, place: Airport | undefined): AirportResult {
  const { totals, hours, days, late } = report
  const { name = null, city = null, state = null } = place ?? {}
  const none = { flights: 0, averageDelayMinutes: null, delayedShare: null, worstDelayMinutes: null }
  const worstHour = worstOf(hours.map((totals, hour) => ({ hour, totals })))
  const worstDay = worstOf(days)
  return {
    type: 'airport',
    airport,
    name,
    city,
    state,
    ...(totals.flights === 0 ? none : statisticsOf(totals)),
    worstHour: worstHour === undefined ? null : { hour: worstHour.hour, averageDelayMinutes: average(worstHour.totals) },
    worstDay: worstDay === undefined ? null : { day: dayText(worstDay.start), averageDelayMinutes: average(worstDay.totals) },
    late,
  }
}

/**
 * The part with the highest average delay. Parts with less than half as many flights as the average
 * one are not compared: one late flight at night would make the worst hour of most airports.
 */
function worstOf<P extends { readonly totals: DelayTotals }>(parts: readonly P[]): P | undefined {
  const busy = parts.filter(({ totals }) => totals.flights > 0)
  const enough = busy.reduce((sum, { totals }) => sum + totals.flights, 0) / busy.length / 2
  const averageOf = ({ totals }: P) => totals.delayMinutes / totals.flights
  return busy
    .filter(({ totals }) => totals.flights >= enough)
    .reduce<P | undefined>((worst, part) => (worst === undefined || averageOf(part) > averageOf(worst) ? part : worst), undefined)
}

function average({ delayMinutes, flights }: DelayTotals): number {
  return rounded(delayMinutes / flights, 2)
}

function dayText(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}
