import { readFileSync } from 'node:fs'
import { type JobStatus, MalstromError } from '@malstrom/core'
import { defineJob, singleThread, toArray } from 'malstrom'
import { expect, test } from 'vitest'
import { readAirports } from './airports.ts'
import { dataFile } from './data-file.ts'
import { delayStatistics } from './delay-statistics.ts'
import { flightSource } from './flight-source.ts'
import job from './job.ts'
import { readFlights } from './read-flights.ts'
import type { AirportResult, DayResult, HourResult } from './results.ts'

// The other way to the same numbers: sort, group and divide, without a stream and without the code of the job.

interface Row {
  readonly date: string
  readonly delay: number
  readonly origin: string
}

interface NaiveFlight {
  readonly origin: string
  readonly delay: number
  readonly left: number
  readonly scheduled: number
}

function naiveFlights(): NaiveFlight[] {
  const rows: Row[] = JSON.parse(readFileSync(dataFile('flights-20k.json'), 'utf8'))
  return rows
    .map(({ date, delay, origin }) => {
      const [year = 0, month = 0, day = 0, hour = 0, minute = 0] = date.split(/[/ :]/).map(Number)
      const left = Date.UTC(year, month - 1, day, hour, minute)
      return { origin, delay, left, scheduled: left - delay * 60_000 }
    })
    .sort((a, b) => a.left - b.left)
}

/** The epoch after each record is the latest timestamp so far minus the bound; late is what is not after the epoch before it. */
function splitLate(flights: readonly NaiveFlight[], boundMinutes: number): { onTime: NaiveFlight[]; late: NaiveFlight[] } {
  const onTime: NaiveFlight[] = []
  const late: NaiveFlight[] = []
  let epoch = Number.NEGATIVE_INFINITY
  for (const flight of flights) {
    const list = flight.scheduled <= epoch ? late : onTime
    list.push(flight)
    epoch = Math.max(epoch, flight.scheduled - boundMinutes * 60_000)
  }
  return { onTime, late }
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [item])
    else group.push(item)
  }
  return groups
}

function mean(flights: readonly NaiveFlight[]): number {
  return flights.reduce((sum, { delay }) => sum + delay, 0) / flights.length
}

const twoDecimals = (value: number) => Math.round(value * 100) / 100 + 0

function naiveStatistics(flights: readonly NaiveFlight[]) {
  return {
    flights: flights.length,
    averageDelayMinutes: twoDecimals(mean(flights)),
    delayedShare: Math.round((flights.filter(({ delay }) => delay > 15).length / flights.length) * 10_000) / 10_000,
    worstDelayMinutes: Math.max(...flights.map(({ delay }) => delay)),
  }
}

const isoOf = (flight: NaiveFlight) => new Date(flight.scheduled).toISOString()

/** Windows as `airport window` to their statistics. */
function naiveWindows(onTime: readonly NaiveFlight[], windowOf: (flight: NaiveFlight) => string) {
  const groups = groupBy(onTime, (flight) => `${flight.origin} ${windowOf(flight)}`)
  return new Map([...groups].map(([key, flights]) => [key, naiveStatistics(flights)]))
}

/** The part with the worst average, of those with at least half as many flights as the average part. */
function naiveWorst(flights: readonly NaiveFlight[], partOf: (flight: NaiveFlight) => string): string | undefined {
  const parts = [...groupBy(flights, partOf)].sort(([a], [b]) => (a < b ? -1 : 1))
  const busy = parts.filter(([, inPart]) => inPart.length >= flights.length / parts.length / 2)
  const worst = Math.max(...busy.map(([, inPart]) => mean(inPart)))
  return busy.find(([, inPart]) => mean(inPart) === worst)?.[0]
}

async function runJob(boundMinutes: number) {
  const flights = await readFlights('small')
  const windows: (HourResult | DayResult)[] = []
  const airports: AirportResult[] = []
  const collecting = defineJob({
    name: 'flights-test',
    module: import.meta.url,
    build(flow) {
      const streams = delayStatistics(
        flow,
        flightSource(() => flights),
        boundMinutes,
      )
      streams.windows.sink('windows', toArray(windows))
      streams.airports.sink('airport-results', toArray(airports))
    },
  })
  const execution = await singleThread().start(collecting)
  await execution.finished
  const status: JobStatus = execution.status()
  return { windows, airports, status }
}

const statisticsFields = ({ flights, averageDelayMinutes, delayedShare, worstDelayMinutes }: HourResult | DayResult | AirportResult) => ({
  flights,
  averageDelayMinutes,
  delayedShare,
  worstDelayMinutes,
})

test.each([
  [0, 12_253],
  [30, 3_228],
  [120, 292],
  [100_000, 0],
])('equals a recomputation without a stream, with a bound of %i minutes', async (boundMinutes, lateExpected) => {
  const all = naiveFlights()
  const { onTime, late } = splitLate(all, boundMinutes)
  const { windows, airports, status } = await runJob(boundMinutes)

  expect(status).toMatchObject({ state: 'finished', recordsIn: 20_000, late: late.length })
  expect(late.length).toBe(lateExpected)

  const hours = windows.filter((window) => window.type === 'hour')
  const days = windows.filter((window) => window.type === 'day')
  const hourMap = new Map(hours.map((hour) => [`${hour.airport} ${hour.hour}`, statisticsFields(hour)]))
  const dayMap = new Map(days.map((day) => [`${day.airport} ${day.day}`, statisticsFields(day)]))
  // No window comes twice.
  expect([hourMap.size, dayMap.size]).toEqual([hours.length, days.length])
  expect(hourMap).toEqual(naiveWindows(onTime, (flight) => isoOf(flight).slice(0, 13).concat(':00')))
  expect(dayMap).toEqual(naiveWindows(onTime, (flight) => isoOf(flight).slice(0, 10)))

  const onTimeByAirport = groupBy(onTime, ({ origin }) => origin)
  const lateByAirport = groupBy(late, ({ origin }) => origin)
  expect(airports.map(({ airport }) => airport).sort()).toEqual([...new Set(all.map(({ origin }) => origin))].sort())
  for (const airport of airports) {
    const flights = onTimeByAirport.get(airport.airport) ?? []
    expect(airport.late).toBe(lateByAirport.get(airport.airport)?.length ?? 0)
    expect(airport.flights).toBe(flights.length)
    if (flights.length === 0) {
      expect(airport).toMatchObject({ averageDelayMinutes: null, delayedShare: null, worstHour: null, worstDay: null })
      continue
    }
    expect(statisticsFields(airport)).toEqual(naiveStatistics(flights))
    const worstHour = naiveWorst(flights, (flight) => isoOf(flight).slice(11, 13))
    const worstDay = naiveWorst(flights, (flight) => isoOf(flight).slice(0, 10))
    expect([airport.airport, airport.worstHour?.hour, airport.worstDay?.day]).toEqual([airport.airport, Number(worstHour), worstDay])
  }
  expect(airports.reduce((sum, { flights, late }) => sum + flights + late, 0)).toBe(20_000)
})

test('joins every airport of the data with its name', async () => {
  const { windows, airports } = await runJob(120)
  expect(airports.find(({ airport }) => airport === 'BTR')).toMatchObject({
    name: 'Baton Rouge Metropolitan, Ryan',
    city: 'Baton Rouge',
    state: 'LA',
  })
  expect(airports.filter(({ name }) => name === null)).toEqual([])
  expect(windows.filter(({ name }) => name === null)).toEqual([])
})

test('reads names with quotes and commas from the table of airports', () => {
  const airports = readAirports()
  expect(airports.size).toBe(3_376)
  expect(airports.get('DBN')).toEqual({ name: 'W. H. "Bud" Barron', city: 'Dublin', state: 'GA' })
})

test('a param that is no data set is refused when the job is built', () => {
  expect(() => job.graph({ dataset: 'huge' as never })).toThrow(MalstromError)
})

test('the job builds without params', () => {
  expect(job.graph(undefined).nodes.map(({ name }) => name)).toContain('late-by-airport')
})
