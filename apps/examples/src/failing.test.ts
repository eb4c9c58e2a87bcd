import { memoryPersistence, singleThread, toArrayOfRecords } from 'malstrom'
import { expect, it } from 'vitest'
import { failingJob } from './failing.ts'

interface Total {
  readonly key: boolean
  readonly value: number
  readonly timestamp: number
}

it('the failing job goes back to its last snapshot, and its totals stay right', { timeout: 30_000 }, async () => {
  const totals: Total[] = []
  const positions: number[] = []
  const job = failingJob({ failAfterMs: 150, sink: toArrayOfRecords(totals), opened: (position) => positions.push(position) })
  const execution = await singleThread({ persistence: memoryPersistence(), snapshotIntervalMs: 10 }).start(job)
  while (execution.status().restarts < 4) await new Promise((resolve) => setTimeout(resolve, 10))
  await execution.cancel()

  expect(positions[0]).toBe(0)
  expect(positions.length).toBeGreaterThanOrEqual(4)
  // It goes forward, and never falls behind; on a busy machine a start may end before its first snapshot.
  expect(positions.slice(1).every((position, index) => position >= (positions[index] as number))).toBe(true)
  expect(positions.at(-1)).toBeGreaterThan(0)
  // The total after number n is the sum of all numbers up to n of its kind, also after restarts.
  for (const { key, value, timestamp: n } of totals) {
    const count = Math.floor((n + 1) / 2) + (n % 2 === 0 ? 1 : 0)
    expect(key).toBe(n % 2 === 1)
    expect(value).toBe(n % 2 === 1 ? count * count : count * (count - 1))
  }
  // No gaps.
  expect(new Set(totals.map(({ timestamp }) => timestamp)).size).toBe(Math.max(...totals.map(({ timestamp }) => timestamp)) + 1)
})
