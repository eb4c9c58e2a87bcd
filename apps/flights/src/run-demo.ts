import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Execution, Job } from '@malstrom/core'
import { defineJob, diskPersistence, progressLine, singleThread } from 'malstrom'
import type { DemoOptions } from './command-line.ts'
import { delayStatistics } from './delay-statistics.ts'
import { AirportResults, WindowCounts } from './demo-results.ts'
import { flightSource } from './flight-source.ts'
import type { FlightColumns } from './flights.ts'
import { jsonLines } from './json-lines.ts'
import { datasets, readFlights } from './read-flights.ts'
import { reportText, type Summary } from './report.ts'
import { collect } from './result-sink.ts'

const EXIT_FINISHED = 0
const EXIT_SUSPENDED = 130

/** Time between two snapshots. */
const SNAPSHOT_INTERVAL_MS = 500

/**
 * Runs the demo; results go to standard output, everything else to standard error. Its state is on disk: after
 * Ctrl-C, or a crash, the next run goes on where this one was. Returns the exit status.
 */
export async function runDemo(options: DemoOptions): Promise<number> {
  const flights = await readWithRemark(options)
  const [counts, airports] = [new WindowCounts(), new AirportResults()]
  const directory = join(options.state, `${options.dataset}-${options.boundMinutes}`)
  const runtime = singleThread({ persistence: diskPersistence(directory), snapshotIntervalMs: SNAPSHOT_INTERVAL_MS })
  const startMs = performance.now()
  const execution = await runtime.start(demoJob(flights, options, counts, airports))
  const before = execution.status().recordsIn
  if (before > 0) process.stderr.write(`Going on after ${count(before)} flights, with the state of the last run.\n`)
  const finished = await untilFinished(execution)
  const seconds = (performance.now() - startMs) / 1000
  if (!finished) {
    const done = `${count(execution.status().recordsIn)} of ${count(flights.count)} flights`
    process.stderr.write(`Suspended after ${done}. The same command goes on there.\n`)
    return EXIT_SUSPENDED
  }
  const summary = summaryOf(execution, options, { counts, airports: airports.sorted.length, seconds, before })
  const text = options.json
    ? [...airports.sorted, summary].map((line) => JSON.stringify(line)).join('\n')
    : `\n${reportText(airports.sorted, summary)}`
  process.stdout.write(`${text}\n`)
  // The demo is over: the next run begins anew.
  await rm(directory, { recursive: true, force: true })
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
function demoJob(flights: FlightColumns, { json, boundMinutes }: DemoOptions, counts: WindowCounts, results: AirportResults): Job {
  return defineJob({
    name: 'flights-demo',
    module: import.meta.url,
    build(flow) {
      const { windows, airports } = delayStatistics(
        flow,
        flightSource(() => flights),
        boundMinutes,
      )
      if (json) windows.sink('windows', jsonLines(process.stdout))
      windows.inspectFrontier('count-epochs', (epoch) => counts.addEpoch(epoch)).sink('window-counts', collect(counts))
      airports.sink('airport-results', collect(results))
    },
  })
}

interface Measured {
  readonly counts: WindowCounts
  readonly airports: number
  readonly seconds: number
  /** Flights that an earlier run has read. */
  readonly before: number
}

function summaryOf(execution: Execution, { dataset, boundMinutes }: DemoOptions, { counts, airports, seconds, before }: Measured): Summary {
  const { recordsIn, late } = execution.status()
  const { hour, day, epochs, lastEpoch } = counts
  return {
    type: 'summary',
    dataset: datasets[dataset],
    boundMinutes,
    records: recordsIn,
    onTime: recordsIn - late,
    late,
    airports,
    airportHours: hour,
    airportDays: day,
    epochs,
    frontier: lastEpoch === undefined ? null : new Date(lastEpoch).toISOString().slice(0, 16),
    seconds: Math.round(seconds * 1000) / 1000,
    recordsPerSecond: Math.round((recordsIn - before) / seconds),
  }
}

/** Waits for the job, with live progress. Ctrl-C suspends it. */
async function untilFinished(execution: Execution): Promise<boolean> {
  const stopProgress = progressLine(execution, { stream: process.stderr })
  // What fails while it closes is told by `finished`.
  const suspend = () => void execution.suspend().catch(() => {})
  process.on('SIGINT', suspend)
  try {
    await execution.finished
  } finally {
    stopProgress()
    process.off('SIGINT', suspend)
  }
  return execution.status().state === 'finished'
}

function count(records: number): string {
  return records.toLocaleString('en-US')
}
