import type { Source } from '@malstrom/core'
import { type Flow, type KeyedStream, limitOutOfOrderness } from 'malstrom'
import { airportTotals, type LateCount } from './airport-totals.ts'
import { readAirports } from './airports.ts'
import type { Flight } from './flights.ts'
import { type AirportResult, airportResult, type DayResult, type HourResult, windowResult } from './results.ts'
import { MINUTE_MS } from './units.ts'
import { dailyTotals, hourlyTotals, type WindowTotals } from './window-totals.ts'

/** How far a flight may be behind the latest one before it counts as late, unless the user says otherwise. */
export const BOUND_MINUTES = 120

export interface DelayStreams {
  /** Each hour and each day of each airport, as soon as it is complete. */
  readonly windows: KeyedStream<string, HourResult | DayResult, number>
  /** Each airport, at the end. */
  readonly airports: KeyedStream<string, AirportResult, number>
}

/**
 * The delays of flights by airport. The timestamp of `flights` is when they left; event time is when
 * they should have left, and so they come out of order: a flight that is two hours late comes after
 * those that were planned for the two hours before. A flight that is further behind the frontier than
 * `boundMinutes` is a late record: it is only counted, because its hour may be complete.
 */
export function delayStatistics(flow: Flow, flights: Source<Flight, number>, boundMinutes: number): DelayStreams {
  const places = readAirports()

  const { onTime, late } = flow
    .source('flights', flights)
    .assignTimestamps('scheduled', (flight, left) => left - flight.delayMinutes * MINUTE_MS)
    .generateEpochs('epochs', limitOutOfOrderness(boundMinutes * MINUTE_MS))

  const windows: KeyedStream<string, WindowTotals, number> = onTime
    .keyDistribute('by-airport', (flight) => flight.origin)
    .process('hourly', hourlyTotals())
    .process('daily', dailyTotals())

  const lateCounts: KeyedStream<string, WindowTotals | LateCount, number> = late
    .keyDistribute('late-by-airport', (flight) => flight.origin)
    .fold(
      'late-count',
      (): LateCount => ({ type: 'late', late: 0 }),
      (count) => ({ type: 'late', late: count.late + 1 }),
    )

  return {
    windows: windows.map('window-names', (window, airport) => windowResult(window, airport, places.get(airport))),
    airports: lateCounts
      .union(windows)
      .process('airports', airportTotals())
      .map('airport-names', (totals, airport) => airportResult(totals, airport, places.get(airport))),
  }
}
