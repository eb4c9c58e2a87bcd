import type { KeyedState, Output, StatefulLogic } from '@malstrom/core'
import type { DelayTotals } from './delay-totals.ts'
import { addFlight, addTotals, noFlights } from './delay-totals.ts'
import type { Flight } from './flights.ts'
import { DAY_MS, HOUR_MS } from './units.ts'

/** The flights of one airport whose event time lies in one hour or one day. Nothing can be added to it any more. */
export interface WindowTotals {
  readonly type: 'hour' | 'day'
  /** Where the window begins, in milliseconds since 1970. */
  readonly start: number
  readonly totals: DelayTotals
}

/** The windows of one airport that are still open, by their number: window `n` begins at `n * widthMs`. */
type OpenWindows = Map<number, DelayTotals>

/** Counts flights into hours; emits each hour when it is complete. */
export function hourlyTotals(): StatefulLogic<string, Flight, WindowTotals, number, OpenWindows> {
  const windows = new Windows('hour', HOUR_MS)
  return {
    init: () => new Map(),
    onData(flight, open, _output, _airport, timestamp) {
      addFlight(windows.at(timestamp, open), flight.delayMinutes)
      return open
    },
    onEpoch: (epoch, states, output) => windows.emitComplete(epoch, states, output),
  }
}

/** Adds hours up to days; lets the hours through, and emits each day when it is complete. */
export function dailyTotals(): StatefulLogic<string, WindowTotals, WindowTotals, number, OpenWindows> {
  const windows = new Windows('day', DAY_MS)
  return {
    init: () => new Map(),
    onData(hour, open, output, airport, timestamp) {
      output.emit(hour, airport, timestamp)
      addTotals(windows.at(timestamp, open), hour.totals)
      return open
    },
    onEpoch: (epoch, states, output) => windows.emitComplete(epoch, states, output),
  }
}

/**
 * Windows of a fixed width, one after the other, for every airport.
 *
 * A window is complete when the frontier reaches its last millisecond, and this is also the timestamp
 * it is emitted with: later than the last epoch, because it was open then, and not later than this
 * one, which is passed on after `onEpoch`. So the epoch law holds downstream.
 *
 * An epoch may follow every record, so an epoch costs one comparison: all windows end at multiples of
 * their width, and until the frontier reaches the next of these no window of any airport can be
 * complete. Only then are the airports looked through, once for each window width of event time.
 * Everything that matters is in the states, which the runtime may save, restore and move; an operator
 * that has just been opened looks through all of them at its first epoch.
 */
class Windows {
  readonly #type: WindowTotals['type']
  readonly #widthMs: number
  /** The last millisecond of the earliest windows that may be open. */
  #nextEnd = Number.NEGATIVE_INFINITY

  constructor(type: WindowTotals['type'], widthMs: number) {
    this.#type = type
    this.#widthMs = widthMs
  }

  /** The open window that `timestamp` belongs to. */
  at(timestamp: number, open: OpenWindows): DelayTotals {
    const window = Math.floor(timestamp / this.#widthMs)
    const known = open.get(window)
    if (known !== undefined) return known
    const totals = noFlights()
    open.set(window, totals)
    return totals
  }

  emitComplete(epoch: number, states: KeyedState<string, OpenWindows>, output: Output<WindowTotals, string, number>): void {
    if (epoch < this.#nextEnd) return
    // How many windows are complete since 1970; the next one to be so has this number.
    const complete = Math.floor((epoch + 1) / this.#widthMs)
    this.#nextEnd = this.#endOf(complete)
    for (const [airport, open] of states) {
      for (const [window, totals] of open) {
        if (window >= complete) continue
        open.delete(window)
        output.emit({ type: this.#type, start: window * this.#widthMs, totals }, airport, this.#endOf(window))
      }
      if (open.size === 0) states.delete(airport)
    }
  }

  /** The last millisecond of a window. */
  #endOf(window: number): number {
    return (window + 1) * this.#widthMs - 1
  }
}
