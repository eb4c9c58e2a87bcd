import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { threadsJob } from '../fixture/threads-job.ts'
import { multiThread } from '../host/multi-thread.ts'

it('runs', { timeout: 60000 }, async () => {
  const start = performance.now()
  const execution = await multiThread({ workers: 2 }).start(threadsJob, { partitions: 3, records: 100_000, keys: 10 })
  console.log('started', performance.now() - start)
  await execution.finished
  console.log(performance.now() - start, execution.status())
})
it('rescales', { timeout: 60000 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'mt-'))
  const output = join(directory, 'out.txt')
  const start = performance.now()
  const execution = await multiThread({ workers: 1, snapshotIntervalMs: 200 }).start(threadsJob, {
    partitions: 3,
    records: 8_000,
    keys: 10,
    directory: join(directory, 'state'),
    output,
    pauseMs: 5,
  })
  for (const n of [3, 2]) {
    const t = performance.now()
    await execution.rescale(n)
    console.log('rescaled to', n, performance.now() - t, execution.status().recordsIn)
  }
  await execution.finished
  console.log(performance.now() - start, execution.status().recordsIn)
  const lines = readFileSync(output, 'utf8').trim().split('\n')
  expect(lines.length).toBe(24000)
  for (let k = 0; k < 10; k++)
    expect(lines.filter((l) => l.startsWith(k + ' ')).map((l) => Number(l.split(' ')[1]))).toEqual(
      Array.from({ length: 2400 }, (_, i) => i + 1),
    )
})
