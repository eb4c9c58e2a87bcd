import type { Execution } from '@malstrom/core'
import { defineJob } from '@malstrom/operators'
import { memoryPersistence } from '@malstrom/persistence'
import { ScriptedSource } from '@malstrom/testing'
import { expect, it } from 'vitest'
import { counted, deadLettersJob } from '../fixture/dead-letters-job.ts'
import { multiThread } from './multi-thread.ts'
import { singleThread } from './single-thread.ts'

const quick = { timeout: 60_000 }

it.each([
  ['one thread', singleThread()],
  ['three threads', multiThread({ workers: 3 })],
])('dead letters cross exchanges as they are, and what is skipped is summed up, on %s', quick, async (_where, runtime) => {
  const counts = new SharedArrayBuffer(5 * 4)
  const records = 1_000
  const execution = await runtime.start(deadLettersJob, { records, counts })
  await execution.finished
  const slots = new Int32Array(counts)
  const letters = 3 * (records / 10)
  const { skipped, operators } = execution.status()
  expect([slots[counted.keyed], slots[counted.stamped], slots[counted.checked], slots[counted.wrong]]).toEqual([
    letters,
    letters,
    letters,
    0,
  ])
  expect(skipped).toBeGreaterThan(0)
  expect(operators.find(({ operator }) => operator === 'few')?.skipped).toBe(skipped)
  expect((slots[counted.results] as number) + skipped).toBe(3 * records - 3 * letters)
})

it('what was skipped is counted on after a restart', quick, async () => {
  const source = new ScriptedSource<number>()
  const persistence = memoryPersistence()
  const job = defineJob({
    name: 'skips',
    module: import.meta.url,
    build: (flow) =>
      flow
        .source('numbers', source)
        .map(
          'odd',
          (n): number => {
            if (n % 2 === 0) throw new Error('even')
            return n
          },
          { onError: 'skip' },
        )
        .discard('end'),
  })
  const skipped = async (execution: Execution, count: number) => {
    await expect.poll(() => execution.status().skipped, { timeout: 20_000 }).toBe(count)
  }
  source.partition('all').give([1, 1], [2, 2], [4, 4])
  const first = await singleThread({ persistence }).start(job)
  await skipped(first, 2)
  await first.suspend()
  const second = await singleThread({ persistence }).start(job)
  source.push(6, 6)
  await skipped(second, 3)
  await second.cancel()
})
