import type { StatefulLogic } from '@malstrom/core'
import { addTotals, type DelayTotals, noFlights } from './delay-totals.ts'
import { HOUR_MS } from './units.ts'
import type { WindowTotals } from './window-totals.ts'

/** How many late records an airport has had so far. */
export interface LateCount {
  readonly type: 'late'
  readonly late: number
}

/** An airport over the whole time. */
export interface AirportTotals {
  readonly totals: DelayTotals
  /** By hour of the day, from 0 to 23. */
  readonly hours: readonly DelayTotals[]
  /** In the order in which they were complete. */
  readonly days: readonly WindowTotals[]
  readonly late: number
}

interface AirportState extends AirportTotals {
  readonly days: WindowTotals[]
  late: number
}

const HOURS_PER_DAY = 24

/** Adds up everything about an airport, and emits it at the end of time: with the last epoch of both its inputs. */
export function airportTotals(): StatefulLogic<string, WindowTotals | LateCount, AirportTotals, number, AirportState> {
  return {
    init: () => ({ totals: noFlights(), hours: Array.from({ length: HOURS_PER_DAY }, noFlights), days: [], late: 0 }),
    onData(part, airport) {
      if (part.type === 'late') airport.late = part.late
      else if (part.type === 'day') airport.days.push(part)
      else {
        addTotals(airport.totals, part.totals)
        addTotals(airport.hours[(part.start / HOUR_MS) % HOURS_PER_DAY] as DelayTotals, part.totals)
      }
      return airport
    },
    onEpoch(epoch, airports, output) {
      if (epoch !== Number.POSITIVE_INFINITY) return
      for (const [code, airport] of airports) output.emit(airport, code, epoch)
    },
  }
}
