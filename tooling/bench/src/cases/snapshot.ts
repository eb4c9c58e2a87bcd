import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { diskPersistence } from '@malstrom/persistence'
import { type Execution, singleThread } from 'malstrom'
import { type Figure, figureOf } from '../figure.ts'
import { CountedPersistence } from '../state/counted-persistence.ts'
import { countingJob } from '../state/counting-job.ts'
import { Feed } from '../state/feed.ts'

const KEYS = 1_000_000
const RUNS = 7

/** Runs `use` with a job of a million keys on a fresh directory. */
async function withJob<R>(
  use: (parts: { feed: Feed; execution: Execution; persistence: CountedPersistence; directory: string }) => Promise<R>,
): Promise<R> {
  const directory = await mkdtemp(join(tmpdir(), 'malstrom-bench-'))
  try {
    const persistence = new CountedPersistence(diskPersistence(directory))
    const feed = new Feed(KEYS)
    const execution = await singleThread({ persistence, snapshotIntervalMs: Number.POSITIVE_INFINITY }).start(countingJob(feed))
    await feed.touch(KEYS)
    const result = await use({ feed, execution, persistence, directory })
    await execution.cancel()
    return result
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/**
 * The longest time the worker is away from its records while a snapshot of a million changed keys is written, and, in turns with that, in
 * as much time without a snapshot: V8's collections of young objects and other programs stall it as well.
 */
export async function runSnapshotStall(): Promise<Figure[]> {
  const stalls: number[] = []
  const baselines: number[] = []
  await withJob(async ({ feed, execution }) => {
    for (let run = 0; run < RUNS; run++) {
      await feed.touch(KEYS)
      feed.hum()
      const start = performance.now()
      await execution.snapshot()
      const tookMs = performance.now() - start
      stalls.push(feed.hush())
      await feed.touch(KEYS)
      feed.hum()
      await new Promise((resolve) => setTimeout(resolve, tookMs))
      baselines.push(feed.hush())
    }
  })
  return [figureOf('snapshot-stall', 'stall_ms', 'ms', stalls), figureOf('snapshot-stall', 'baseline_stall_ms', 'ms', baselines)]
}

/** From the request to the commit of a snapshot of a million changed keys on disk, and what 1% of them costs. */
export async function runSnapshotTotal(): Promise<Figure[]> {
  const totals: number[] = []
  const ratios: number[] = []
  await withJob(async ({ feed, execution, persistence }) => {
    for (let run = 0; run < RUNS; run++) {
      await feed.touch(KEYS)
      const before = persistence.bytes
      const start = performance.now()
      await execution.snapshot()
      totals.push(performance.now() - start)
      const whole = persistence.bytes - before
      await feed.touch(KEYS / 100)
      await execution.snapshot()
      ratios.push((persistence.bytes - before - whole) / whole)
    }
  })
  return [figureOf('snapshot-total', 'total_ms', 'ms', totals), figureOf('snapshot-total', 'bytes_ratio', 'ratio', ratios)]
}

/** From the start of a job with a million keys on disk until it reads again. */
export async function runRestore(): Promise<Figure[]> {
  const seconds = await withJob(async ({ execution, directory }) => {
    await execution.suspend()
    const samples: number[] = []
    for (let run = 0; run < RUNS; run++) {
      const start = performance.now()
      const again = await singleThread({ persistence: diskPersistence(directory) }).start(countingJob(new Feed(KEYS)))
      samples.push((performance.now() - start) / 1_000)
      if (again.status().operators.find(({ operator }) => operator === 'totals')?.keys !== KEYS) throw new Error('keys are missing')
      await again.cancel()
    }
    return samples
  })
  return [figureOf('restore', 'restore_seconds', 's', seconds)]
}
