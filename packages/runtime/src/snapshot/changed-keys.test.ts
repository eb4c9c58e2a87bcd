import type { Key, PersistenceBackend } from '@malstrom/core'
import { defineJob, toArray } from '@malstrom/operators'
import { memoryPersistence } from '@malstrom/persistence'
import { errorOf, ScriptedSource } from '@malstrom/testing'
import { describe, expect, it } from 'vitest'
import { singleThread } from '../host/single-thread.ts'

/** Counts per key, over several runs of a job whose key function changes from run to run. */
function counts() {
  const [source, persistence, out] = [new ScriptedSource<number>(), memoryPersistence(), [] as number[]]
  let given = 0
  /** Reads `numbers` and is suspended. */
  const run = async (numbers: readonly number[], keyOf: (n: number) => Key, options: { allowMixedKeys?: readonly string[] } = {}) => {
    source.partition('all').give(...numbers.map((n) => [n, n] as const))
    const job = defineJob({
      name: 'counts',
      module: import.meta.url,
      build: (flow) =>
        flow
          .source('numbers', source)
          .keyDistribute('by key', keyOf)
          .fold(
            'count',
            () => 0,
            (count) => count + 1,
          )
          .sink('out', toArray(out)),
    })
    const execution = await singleThread({
      persistence: persistence as PersistenceBackend,
      snapshotIntervalMs: Number.POSITIVE_INFINITY,
      ...options,
    }).start(job)
    execution.finished.catch(() => {})
    given += numbers.length
    await Promise.race([expect.poll(() => execution.status().recordsIn).toBe(given), execution.finished])
    await execution.suspend()
    return out.splice(0)
  }
  return { run, source }
}

describe('a job whose keys have become something else', () => {
  it.each<[string, (n: number) => Key, (n: number) => Key, string]>([
    ['numbers', (n) => `${n}`, (n) => n, 'were string ("1"), and the first one now is number (1)'],
    ['strings', (n) => n, (n) => `${n}`, 'were number (1), and the first one now is string ("1")'],
    ['bigints', (n) => n, (n) => BigInt(n), 'were number (1), and the first one now is bigint (1)'],
    ['tuples', (n) => n, (n) => [n], 'were number (1), and the first one now is [number] ([1])'],
    [
      'other tuples',
      (n) => [n, 'a'],
      (n) => ['a', n],
      'were [number, string] ([1, "a"]), and the first one now is [string, number] (["a", 1])',
    ],
    ['longer tuples', (n) => [n], (n) => [n, n], 'were [number] ([1]), and the first one now is [number, number] ([1, 1])'],
  ])('is refused at the first key: %s', async (_what, before, after, text) => {
    const { run } = counts()
    await run([1, 2, 3], before)
    const error = await errorOf(run([1], after))
    expect(error).toMatchObject({ code: 'ERR_SNAPSHOT_MISMATCH', context: { operator: 'count' } })
    expect((error as Error).message).toContain(`the keys of operator "count" ${text}, so its states would never be found.`)
    expect((error as Error).message).toContain("allowMixedKeys: ['count']")
    // Nothing was saved: with the keys as they were, it goes on where it was.
    expect(await run([], before)).toEqual([2])
  })

  it('goes on if it is allowed to have keys of several kinds, and needs no word again', async () => {
    const { run } = counts()
    await run([1, 2], (n) => n)
    expect(await run([1], (n) => `${n}`, { allowMixedKeys: ['count'] })).toEqual([1])
    expect(await run([1, 3], (n) => BigInt(n))).toEqual([1, 1])
    expect(await run([1], (n) => n)).toEqual([2])
  })

  it('may have keys of several kinds from the beginning', async () => {
    const { run } = counts()
    const keyOf = (n: number) => (n % 2 === 0 ? n : `${n}`)
    expect(await run([1, 2], keyOf)).toEqual([1, 1])
    expect(await run([1, 2, 3], keyOf)).toEqual([2, 2, 1])
    expect(await run([4, 1], (n) => [n])).toEqual([1, 1])
  })

  it('may get keys of another kind as soon as one of the known kind has come', async () => {
    const { run } = counts()
    await run([1, 2], (n) => n)
    expect(await run([1, 2], (n) => (n === 2 ? '2' : n))).toEqual([2, 1])
    const { run: other } = counts()
    await other([1, 2], (n) => n)
    expect(await other([3, 2], (n) => (n === 2 ? '2' : n))).toEqual([1, 1])
  })
})
