import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RecordableHistogram } from 'node:perf_hooks'
import { RedisServer } from '@malstrom/services'
import { Redis } from 'ioredis'
import { type Figure, figureOf } from '../figure.ts'
import { quantile, slope } from '../statistics.ts'
import { JobProcess } from './soak-job.ts'
import type { SoakReport } from './soak-process.ts'
import { feed, feedLast, GENERATION_SECONDS, latencies, RECORDS_PER_GENERATION, Reader } from './soak-traffic.ts'

const NAME = 'soak'
const MINUTES = 0.5
const MB = 2 ** 20
/** The share of the run that is not measured: caches fill, V8 compiles, and its heap finds a size. */
const WARMUP = 1 / 6
const INTERVALS = 10
const INTERVAL_MS_MAX = 60_000

/** What is seen from outside, each interval behind the warm-up. */
interface Seen {
  readonly p50Ms: number[]
  readonly p99Ms: number[]
  readonly p999Ms: number[]
  readonly serverMb: [hours: number, mb: number][]
  readonly folderMb: [hours: number, mb: number][]
}

/**
 * One job for a long time at a moderate pace: a real Redis, users that come and go, state with a time to live, windows, snapshots on
 * disk, one sink at least once and one exactly once. Memory must not grow, and every record must be counted once.
 */
export async function runSoak(minutes = MINUTES): Promise<Figure[]> {
  const missing = RedisServer.missing()
  if (missing !== undefined) throw new Error(`${missing}.`)
  const generations = Math.max(2, Math.round((minutes * 60) / GENERATION_SECONDS))
  const folder = mkdtempSync(join(tmpdir(), 'bench-soak-'))
  await using server = await RedisServer.start({ durable: false })
  const clients = [0, 1, 2].map(() => new Redis(server.url))
  const job = new JobProcess(server.url, folder)
  try {
    return await soak(job, clients as [Redis, Redis, Redis], generations, folder)
  } finally {
    job.kill()
    for (const client of clients) client.disconnect()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function soak(job: JobProcess, clients: readonly [Redis, Redis, Redis], generations: number, folder: string): Promise<Figure[]> {
  const [forFeed, forReader, forInfo] = clients
  const records = generations * RECORDS_PER_GENERATION
  const totalMs = generations * GENERATION_SECONDS * 1_000
  await job.running
  const reader = new Reader(forReader)
  const reading = reader.run()
  const seen: Seen = { p50Ms: [], p99Ms: [], p999Ms: [], serverMb: [], folderMb: [] }
  const whole = latencies()
  const start = performance.now()
  let warmAt = Number.POSITIVE_INFINITY
  let looking: Promise<unknown> = Promise.resolve()
  const observer = setInterval(
    () => {
      looking = look()
    },
    Math.min(INTERVAL_MS_MAX, totalMs / INTERVALS),
  )
  async function look(): Promise<void> {
    const now = performance.now()
    const { latency } = reader
    reader.latency = latencies()
    const hours = (now - start) / 3_600_000
    const [serverMb, folderMb] = [await usedMb(forInfo), bytesIn(folder) / MB]
    console.error(progress(hours, latency, job.samples.at(-1)?.rssMb, serverMb, folderMb))
    if (now < warmAt) {
      if (now - start < totalMs * WARMUP) return
      warmAt = now
      job.tell('warm')
      return
    }
    whole.add(latency)
    seen.p50Ms.push(latency.percentile(50) / 1_000)
    seen.p99Ms.push(latency.percentile(99) / 1_000)
    seen.p999Ms.push(latency.percentile(99.9) / 1_000)
    seen.serverMb.push([hours, serverMb])
    seen.folderMb.push([hours, folderMb])
  }
  try {
    const lastId = await Promise.race([feed(forFeed, records), reading, job.died])
    await job.measure()
    await feedLast(forFeed, String(lastId))
  } finally {
    clearInterval(observer)
    await looking
  }
  await Promise.race([reader.drained(records), reading, job.died])
  const report = await job.end()
  reader.end()
  await reading
  return figures(
    records,
    seen,
    whole,
    job.samples.filter(({ at }) => at >= warmAt),
    report,
  )
}

function figures(records: number, seen: Seen, whole: RecordableHistogram, samples: JobProcess['samples'], report: SoakReport): Figure[] {
  const figure = (metric: string, unit: string, samples: readonly number[]) => figureOf(NAME, metric, unit, samples)
  const rssMb = samples.map((sample) => sample.rssMb)
  const rss = samples.map((sample) => [sample.at / 3_600_000, sample.rssMb] as const)
  return [
    figure('records', 'records', [records]),
    figure('snapshots', 'snapshots', [report.snapshots]),
    figure('late_records', 'records', [report.late]),
    figure('restarts', 'restarts', [report.restarts]),
    figure('latency_p50_ms', 'ms', seen.p50Ms),
    figure('latency_p99_ms', 'ms', seen.p99Ms),
    figure('latency_p999_ms', 'ms', seen.p999Ms),
    figure('whole_latency_p50_ms', 'ms', [whole.percentile(50) / 1_000]),
    figure('whole_latency_p99_ms', 'ms', [whole.percentile(99) / 1_000]),
    figure('whole_latency_p999_ms', 'ms', [whole.percentile(99.9) / 1_000]),
    figure('whole_latency_max_ms', 'ms', [whole.max / 1_000]),
    figure('gc_pauses', 'pauses', [report.gcPauses]),
    figure('gc_total_ms', 'ms', [report.gcTotalMs]),
    figure('gc_p99_ms', 'ms', [report.gcP99Ms]),
    figure('gc_max_ms', 'ms', [report.gcMaxMs]),
    figure('rss_mb', 'MB', rssMb),
    figure('rss_max_mb', 'MB', [quantile(rssMb, 1)]),
    figure('rss_slope_mb_per_hour', 'MB/h', [slope(rss)]),
    figure('heap_after_gc_warm_mb', 'MB', [report.warmHeapMb]),
    figure('heap_after_gc_end_mb', 'MB', [report.endHeapMb]),
    figure(
      'keys',
      'keys',
      samples.map(({ keys }) => keys),
    ),
    figure('server_slope_mb_per_hour', 'MB/h', [slope(seen.serverMb)]),
    figure(
      'snapshot_folder_mb',
      'MB',
      seen.folderMb.map(([, mb]) => mb),
    ),
    figure('job_cpu_share', 'cores', [report.cpuShare]),
  ]
}

function progress(hours: number, latency: RecordableHistogram, rssMb: number | undefined, serverMb: number, folderMb: number): string {
  const ms = (percentile: number) => (latency.percentile(percentile) / 1_000).toFixed(1)
  const times = `p50 ${ms(50)} p99 ${ms(99)} p99.9 ${ms(99.9)} max ${(latency.max / 1_000).toFixed(1)} ms`
  return `${(hours * 60).toFixed(1)} min: ${times}, rss ${rssMb?.toFixed(1) ?? '?'} MB, server ${serverMb.toFixed(1)} MB, snapshots ${folderMb.toFixed(1)} MB`
}

async function usedMb(client: Redis): Promise<number> {
  return Number(/used_memory:(\d+)/.exec(await client.info('memory'))?.[1]) / MB
}

function bytesIn(folder: string): number {
  let bytes = 0
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    // What is deleted meanwhile is not counted.
    if (entry.isFile()) bytes += statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0
  }
  return bytes
}
