import type { KeyedState, Output, Timers } from '@malstrom/core'
import { expect, test } from 'vitest'
import type { DelayTotals } from './delay-totals.ts'
import { HOUR_MS, MINUTE_MS } from './units.ts'
import { dailyTotals, hourlyTotals, type WindowTotals } from './window-totals.ts'

type OpenWindows = Map<number, DelayTotals>

/** These operators look at epochs and set no timers. */
const timers: Timers<number> = {
  at: () => {},
  cancel: () => false,
  atMs: () => {},
  cancelMs: () => false,
  now: () => 0,
  frontier: () => undefined,
}

/** States as the runtime keeps them; counts how often all of them are looked through. */
class States extends Map<string, OpenWindows> implements KeyedState<string, OpenWindows> {
  scans = 0

  override [Symbol.iterator]() {
    this.scans++
    return super[Symbol.iterator]()
  }
}

/** The hourly operator with its states and everything it has emitted. */
function hoursOn(states: States) {
  const logic = hourlyTotals()
  const emitted: string[] = []
  const output: Output<WindowTotals, string, number> = {
    emit: ({ type, start, totals }, airport, timestamp) =>
      emitted.push(`${airport} ${type} from ${start / HOUR_MS} h: ${totals.flights} at ${timestamp}`),
  }
  return {
    emitted,
    fly(airport: string, timestamp: number) {
      const flight = { origin: airport, delayMinutes: 5 }
      const next = logic.onData(flight, states.get(airport) ?? logic.init(airport), output, airport, timestamp, timers)
      if (next !== undefined) states.set(airport, next)
    },
    epoch: (epoch: number) => logic.onEpoch?.(epoch, states, output),
  }
}

test('an hour is emitted when the frontier reaches its last millisecond, and with that as its timestamp', () => {
  const { emitted, fly, epoch } = hoursOn(new States())
  fly('ATL', 0)
  fly('ATL', HOUR_MS - 1)
  fly('ATL', HOUR_MS)
  epoch(HOUR_MS - 2)
  expect(emitted).toEqual([])
  epoch(HOUR_MS - 1)
  expect(emitted).toEqual([`ATL hour from 0 h: 2 at ${HOUR_MS - 1}`])
})

test('the end of the stream completes every hour', () => {
  const { emitted, fly, epoch } = hoursOn(new States())
  fly('ATL', 0)
  fly('ORD', 5 * HOUR_MS)
  epoch(Number.POSITIVE_INFINITY)
  expect(emitted).toEqual([`ATL hour from 0 h: 1 at ${HOUR_MS - 1}`, `ORD hour from 5 h: 1 at ${6 * HOUR_MS - 1}`])
})

test('hours before 1970 are hours like others', () => {
  const { emitted, fly, epoch } = hoursOn(new States())
  fly('ATL', -1)
  epoch(-2)
  expect(emitted).toEqual([])
  epoch(-1)
  expect(emitted).toEqual(['ATL hour from -1 h: 1 at -1'])
})

test('an airport without open hours is forgotten', () => {
  const states = new States()
  const { fly, epoch } = hoursOn(states)
  fly('ATL', 0)
  fly('ORD', HOUR_MS)
  epoch(HOUR_MS)
  expect([...states.keys()]).toEqual(['ORD'])
})

test('airports are looked through once for each hour of event time, not for each epoch', () => {
  const states = new States()
  const { fly, epoch } = hoursOn(states)
  for (let minute = 0; minute < 600; minute++) {
    fly('ATL', minute * MINUTE_MS)
    epoch(minute * MINUTE_MS)
  }
  // Once to begin with, then at the end of each of the nine hours that are complete.
  expect(states.scans).toBe(10)
})

test('states that were restored, or came from another worker, are emitted like those that grew here', () => {
  const states = new States()
  const before = hoursOn(states)
  before.epoch(0)
  before.fly('ATL', 1)
  const restored = new States(structuredClone([...states.entries()]))
  const after = hoursOn(restored)
  after.fly('ATL', 2)
  after.epoch(HOUR_MS)
  expect(after.emitted).toEqual([`ATL hour from 0 h: 2 at ${HOUR_MS - 1}`])
})

test('a day lets its hours through at once, and adds them up', () => {
  const states = new States()
  const logic = dailyTotals()
  const emitted: WindowTotals[] = []
  const output: Output<WindowTotals, string, number> = { emit: (window) => emitted.push(window) }
  const hour = (start: number, flights: number): WindowTotals => ({
    type: 'hour',
    start: start * HOUR_MS,
    totals: { flights, delayMinutes: 10 * flights, delayed: 1, worstDelayMinutes: start },
  })
  const hours = [hour(3, 2), hour(23, 4), hour(24, 8)]
  for (const each of hours) {
    const state = states.get('ATL') ?? logic.init('ATL')
    states.set('ATL', logic.onData(each, state, output, 'ATL', each.start + HOUR_MS - 1, timers) ?? new Map())
  }
  expect(emitted).toEqual(hours)
  logic.onEpoch?.(24 * HOUR_MS - 1, states, output)
  expect(emitted.slice(3)).toEqual([{ type: 'day', start: 0, totals: { flights: 6, delayMinutes: 60, delayed: 2, worstDelayMinutes: 23 } }])
})
