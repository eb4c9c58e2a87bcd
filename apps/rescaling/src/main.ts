/** Runs a job on 1 thread, then on 4, then on 2, while it runs: `pnpm rescaling`. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { multiThread } from 'malstrom'
import job from './job.ts'

/** Numbers to be seen before each change. */
const NUMBERS = 4_000

const folder = mkdtempSync(join(tmpdir(), 'malstrom-rescaling-'))
const until = join(folder, 'enough')
try {
  const execution = await multiThread({ workers: 1, snapshotIntervalMs: 500 }).start(job, {
    directory: join(folder, 'state'),
    until,
    pauseMs: 3,
    print: true,
  })
  const ended = execution.finished.then(() => true)
  const moreNumbers = async () => {
    for (const target = execution.status().recordsOut + NUMBERS; execution.status().recordsOut < target; ) {
      if (await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 50))])) break
    }
  }
  for (const workers of [4, 2]) {
    await moreNumbers()
    console.log(`Rescaling to ${workers} workers`)
    await execution.rescale(workers)
    console.log(`Rescale complete! ${execution.status().restarts} restarts`)
  }
  await moreNumbers()
  writeFileSync(until, '')
  await ended
  const { recordsIn, recordsOut } = execution.status()
  console.log(`${recordsIn} numbers in, ${recordsOut} totals out`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
