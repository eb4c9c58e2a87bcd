import { createHistogram, PerformanceObserver } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { jsonField, redisSink, redisSource } from '@malstrom/connector-redis'
import { defineJob } from '@malstrom/operators'
import { diskPersistence } from '@malstrom/persistence'
import { singleThread } from '@malstrom/runtime'
import { limitOutOfOrderness, tumbling } from 'malstrom'
import {
  type Counted,
  type Event,
  INPUT,
  LENGTH_MAX,
  OUTPUT,
  TOTALS,
  TOTALS_LENGTH_MAX,
  type Total,
  TTL_MS,
  WINDOW_MS,
} from './soak-traffic.ts'

// Started by soak.ts: the job alone, in a process whose memory and pauses are then those of the job. Messages: it says that the job runs and
// then how much memory there is; it is told when the warm-up is over, when everything has come but the end, and when to end.

/** What the process says every few seconds. */
export interface SoakSample {
  readonly rssMb: number
  /** With state. */
  readonly keys: number
}

/** What it says of the time between the warm-up and the last record. */
export interface SoakReport {
  readonly late: number
  readonly restarts: number
  readonly snapshots: number
  /** Behind a collection that was asked for. */
  readonly warmHeapMb: number
  readonly endHeapMb: number
  readonly gcPauses: number
  readonly gcTotalMs: number
  readonly gcMaxMs: number
  readonly gcP99Ms: number
  /** Of one core. */
  readonly cpuShare: number
}

export type SoakMessage = 'running' | 'measured' | { readonly sample: SoakSample } | { readonly report: SoakReport }
export type SoakCommand = 'warm' | 'measure' | 'end'

const SNAPSHOT_INTERVAL_MS = 5_000
const SAMPLE_MS = 5_000
const MB = 2 ** 20
const [url = '', folder = ''] = process.argv.slice(2)

const job = defineJob({
  name: 'soak',
  module: import.meta.url,
  build(flow) {
    const { onTime, late } = flow
      .source('in', redisSource({ url, stream: INPUT, decode: jsonField<Event>() }))
      .keyLocal('by-user', ({ user }) => user)
      // An epoch for each millisecond that is over.
      .generateEpochs('epochs', limitOutOfOrderness(1))
    late.discard('late')
    const [each, windowed] = onTime.cloned('both', 2)
    each
      .fold(
        'count',
        () => ({ count: 0, at: 0 }),
        (state, { at }) => ({ count: state.count + 1, at }),
        { ttl: TTL_MS },
      )
      .map('counted', ({ count, at }, user): Counted => ({ user, count, at }))
      .sink('out', redisSink({ url, stream: OUTPUT, trim: { maxLength: LENGTH_MAX } }))
    windowed
      .window(tumbling(WINDOW_MS))
      .aggregate('total', {
        init: () => 0,
        add: (sum) => sum + 1,
        emit: (sum, window, user): Total => ({ user, sum, start: window.start }),
      })
      .sink('totals', redisSink({ url, stream: TOTALS, delivery: 'exactly-once', trim: { maxLength: TOTALS_LENGTH_MAX } }))
  },
})

const pauses = createHistogram({ lowest: 1, highest: 60_000_000, figures: 3 })
let gcTotalMs = 0
new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) {
    pauses.record(Math.max(1, Math.round(duration * 1_000)))
    gcTotalMs += duration
  }
}).observe({ entryTypes: ['gc'] })

function say(message: SoakMessage): void {
  process.send?.(message)
}

/** What is in use when everything else is collected. */
async function collected(): Promise<number> {
  globalThis.gc?.()
  await sleep(100) // What waits for finalisers, and the observer of the pauses.
  globalThis.gc?.()
  await sleep(100)
  return process.memoryUsage().heapUsed / MB
}

const execution = await singleThread({ persistence: diskPersistence(folder), snapshotIntervalMs: SNAPSHOT_INTERVAL_MS }).start(job)
execution.finished.catch((error) => {
  console.error(error)
  process.exit(1)
})
let warmHeapMb = 0
let warmAt = performance.now()
let warmCpu = process.cpuUsage()

async function warm(): Promise<void> {
  warmHeapMb = await collected()
  pauses.reset()
  gcTotalMs = 0
  warmAt = performance.now()
  warmCpu = process.cpuUsage()
}

let measured: Omit<SoakReport, 'late' | 'restarts' | 'snapshots'> | undefined

/** While there is as much state as at the end of the warm-up. */
async function measure(): Promise<void> {
  const { user, system } = process.cpuUsage(warmCpu)
  const cpuShare = (user + system) / 1_000 / (performance.now() - warmAt)
  const gc = { gcPauses: pauses.count, gcTotalMs, gcMaxMs: pauses.max / 1_000, gcP99Ms: pauses.percentile(99) / 1_000 }
  measured = { warmHeapMb, endHeapMb: await collected(), cpuShare, ...gc }
  say('measured')
}

async function end(): Promise<void> {
  const { late, restarts, snapshot } = execution.status()
  await execution.suspend()
  if (measured === undefined) throw new Error('It was not told to measure before.')
  say({ report: { late, restarts, snapshots: Number(snapshot ?? 0), ...measured } })
  process.disconnect()
}

function sample(): SoakSample {
  const keys = execution.status().operators.reduce((sum, operator) => sum + operator.keys, 0)
  return { rssMb: process.memoryUsage.rss() / MB, keys }
}

const commands: Readonly<Record<SoakCommand, () => Promise<void>>> = { warm, measure, end }
setInterval(() => say({ sample: sample() }), SAMPLE_MS)
process.on('message', (command: SoakCommand) => void commands[command]())
process.on('disconnect', () => process.exit()) // Whoever started this is gone, or has the report.
say('running')
