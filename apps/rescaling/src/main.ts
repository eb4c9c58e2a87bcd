/** Runs a job on 1 thread, then on 4, then on 2, while it runs: `pnpm rescaling`. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { multiThread } from 'malstrom'
import job from './job.ts'

const NUMBERS = 20_000

const directory = mkdtempSync(join(tmpdir(), 'malstrom-rescaling-'))
try {
  const execution = await multiThread({ workers: 1, snapshotIntervalMs: 500 }).start(job, {
    directory,
    numbers: NUMBERS,
    pauseMs: 2,
    print: true,
  })
  for (const workers of [4, 2]) {
    await new Promise((resolve) => setTimeout(resolve, 500))
    console.log(`Rescaling to ${workers} workers`)
    await execution.rescale(workers)
    console.log(`Rescale complete! ${execution.status().restarts} restarts`)
  }
  await execution.finished
  const { recordsIn, recordsOut } = execution.status()
  console.log(`${recordsIn} numbers in, ${recordsOut} totals out`)
} finally {
  rmSync(directory, { recursive: true, force: true })
}
