import type { Execution, Job } from '@malstrom/core'
import { defineJob, forEach, progressLine, singleThread } from 'malstrom'
import type { DemoOptions } from './command-line.ts'
import { delayStatistics } from './delay-statistics.ts'
import { flightSource } from './flight-source.ts'
import type { FlightColumns } from './flights.ts'
import { jsonLines } from './json-lines.ts'
import { datasets, readFlights } from './read-flights.ts'
import { reportText, type Summary } from './report.ts'
import type { AirportResult, DayResult, HourResult } from './results.ts'

const EXIT_FINISHED = 0
const EXIT_CANCELLED = 130

/** Runs the demo; results go to standard output, everything else to standard error. Returns the exit status. */
export async function runDemo(options: DemoOptions): Promise<number> {
  const flights = await readWithRemark(options)
  const results = new Results()
  const startMs = performance.now()
  const execution = await singleThread().start(demoJob(flights, options, results))
  const finished = await untilFinished(execution)
  const seconds = (performance.now() - startMs) / 1000
  if (!finished) {
    process.stderr.write(`Cancelled after ${count(execution.status().recordsIn)} of ${count(flights.count)} records.\n`)
    return EXIT_CANCELLED
  }
  const airports = results.airports.sort((a, b) => b.flights - a.flights || (a.airport < b.airport ? -1 : 1))
  const summary = results.summary(execution, options, seconds)
  const text = options.json ? [...airports, summary].map((line) => JSON.stringify(line)).join('\n') : `\n${reportText(airports, summary)}`
  process.stdout.write(`${text}\n`)
  return EXIT_FINISHED
}

async function readWithRemark({ dataset }: DemoOptions): Promise<FlightColumns> {
  process.stderr.write(`Reading ${datasets[dataset]} ...\n`)
  const startMs = performance.now()
  const flights = await readFlights(dataset)
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1)
  process.stderr.write(`Read and sorted ${count(flights.count)} flights by departure in ${seconds} s. The stream starts.\n`)
  return flights
}

/** The job with the results where the demo wants them: as JSON on standard output, or only counted. */
function demoJob(flights: FlightColumns, { json, boundMinutes }: DemoOptions, results: Results): Job {
  return defineJob({
    name: 'flights-demo',
    module: import.meta.url,
    build(flow) {
      const { windows, airports } = delayStatistics(
        flow,
        flightSource(() => flights),
        boundMinutes,
      )
      const counted = windows
        .inspectFrontier('count-epochs', (epoch) => results.addEpoch(epoch))
        .inspect('count-windows', (window) => results.addWindow(window))
      if (json) counted.sink('windows', jsonLines(process.stdout))
      else counted.discard('windows')
      airports.sink(
        'airport-results',
        forEach((airport) => results.airports.push(airport)),
      )
    },
  })
}

/** What the demo keeps of the results until the end. */
class Results {
  readonly airports: AirportResult[] = []
  readonly #windows = { hour: 0, day: 0 }
  #epochs = 0
  #lastEpoch: number | undefined

  addWindow({ type }: HourResult | DayResult): void {
    this.#windows[type]++
  }

  addEpoch(epoch: number): void {
    this.#epochs++
    if (epoch !== Number.POSITIVE_INFINITY) this.#lastEpoch = epoch
  }

  summary(execution: Execution, { dataset, boundMinutes }: DemoOptions, seconds: number): Summary {
    const { recordsIn, late } = execution.status()
    return {
      type: 'summary',
      dataset: datasets[dataset],
      boundMinutes,
      records: recordsIn,
      onTime: recordsIn - late,
      late,
      airports: this.airports.length,
      airportHours: this.#windows.hour,
      airportDays: this.#windows.day,
      epochs: this.#epochs,
      frontier: this.#lastEpoch === undefined ? null : new Date(this.#lastEpoch).toISOString().slice(0, 16),
      seconds: Math.round(seconds * 1000) / 1000,
      recordsPerSecond: Math.round(recordsIn / seconds),
    }
  }
}

/** Waits for the job, with live progress. Ctrl-C cancels it. */
async function untilFinished(execution: Execution): Promise<boolean> {
  const stopProgress = progressLine(execution, { stream: process.stderr })
  // What fails while it closes is told by `finished`.
  const cancel = () => void execution.cancel().catch(() => {})
  process.on('SIGINT', cancel)
  try {
    await execution.finished
  } finally {
    stopProgress()
    process.off('SIGINT', cancel)
  }
  return execution.status().state === 'finished'
}

function count(records: number): string {
  return records.toLocaleString('en-US')
}
