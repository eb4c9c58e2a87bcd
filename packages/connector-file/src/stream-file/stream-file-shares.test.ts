import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Follower } from '../fixture/follow.ts'
import { PATIENCE_MS } from '../fixture/property-settings.ts'
import { CONTEXT, readAll } from '../fixture/read-partition.ts'
import { hello, hellos, numbers, numbersOf, TestedStreamFile } from '../fixture/stream-files.ts'
import { TemporaryFolder } from '../fixture/temporary-folder.ts'
import { filesIn } from '../source/files-in.ts'
import { type StreamFileOptions, streamFile } from './stream-file.ts'
import type { StreamFileShares } from './stream-file-shares.ts'

vi.setConfig({ testTimeout: PATIENCE_MS })

let folder: TemporaryFolder
let path: string
let file: TestedStreamFile
beforeEach(() => {
  folder = new TemporaryFolder()
  path = folder.file('x.ss')
  file = new TestedStreamFile(path)
})
afterEach(() => folder[Symbol.dispose]())

const inTurn = (count: number): StreamFileShares => ({ count, by: 'sequence' })

/** What each share gives. */
async function shares(options: StreamFileOptions) {
  const source = streamFile(path, options)
  const partitions = await source.listPartitions()
  return await Promise.all(partitions.map(async (partition) => (await readAll(source, partition)).values))
}

describe('a file that is read in shares', () => {
  it('is dealt out in turn to two readers, or to three', async () => {
    await file.write(hellos(0, 12))
    expect((await shares({ shares: inTurn(1) })).map(numbersOf)).toEqual([numbers(0, 12)])
    // Sequences begin at 1.
    expect((await shares({ shares: inTurn(2) })).map(numbersOf)).toEqual([
      [1, 3, 5, 7, 9, 11],
      [0, 2, 4, 6, 8, 10],
    ])
    expect((await shares({ shares: inTurn(3) })).map(numbersOf)).toEqual([
      [2, 5, 8, 11],
      [0, 3, 6, 9],
      [1, 4, 7, 10],
    ])
  })

  it('is dealt out as it is written', async () => {
    await file.write(hellos(0, 2))
    const source = streamFile(path, { shares: inTurn(2), follow: true, pollIntervalMs: 2 })
    await using chip = await Follower.open(source, `${path}#0/2`)
    await using dale = await Follower.open(source, `${path}#1/2`)
    await file.write(hellos(2, 6), { append: true })
    expect(numbersOf(await chip.values(3))).toEqual([1, 3, 5])
    expect(numbersOf(await dale.values(3))).toEqual([0, 2, 4])
  })

  it('keeps the messages of a shard together and in order', async () => {
    const messages = numbers(0, 60).map((i) => ({ ...hello(i), key: ['cat', 'dog'][i % 2] as string, shard: BigInt(i % 5) }))
    await file.write(messages)
    const all = await shares({ shares: { count: 3, by: 'shard' } })
    expect(all.flat()).toHaveLength(60)
    expect(all.every((values) => values.length > 0)).toBe(true)
    const owners = new Map<string, number>()
    for (const [index, values] of all.entries())
      for (const { key, shard } of values) {
        expect(owners.get(`${key} ${shard}`) ?? index).toBe(index)
        owners.set(`${key} ${shard}`, index)
      }
    expect(owners.size).toBe(10)
    for (const values of all) expect(numbersOf(values)).toEqual(numbersOf(values).toSorted((a, b) => a - b))
  })

  it('may be one of several, have streams left out, and begin in the middle', async () => {
    await file.write(numbers(0, 20).map((i) => ({ ...hello(i), key: ['cat', 'dog'][i % 2] as string })))
    expect((await shares({ shares: inTurn(2), keys: ['dog'], start: { sequence: 6n } })).map(numbersOf)).toEqual([
      [11, 15, 19],
      [13, 17],
    ])
    await new TestedStreamFile(folder.file('y.ss')).write(hellos(0, 4))
    const source = streamFile(filesIn(folder.path, { match: '*.ss' }), { shares: inTurn(2) })
    expect([...(await source.listPartitions())].sort()).toEqual(
      [`${path}#0/2`, `${path}#1/2`].flatMap((x) => [x, x.replace('x.ss', 'y.ss')]).sort(),
    )
    expect(numbersOf((await readAll(source, folder.file('y.ss#1/2'))).values)).toEqual([0, 2])
  })

  it('refuses state of another number of shares', async () => {
    await file.write(hellos(0, 4))
    const source = streamFile(path, { shares: inTurn(3) })
    for (const partition of [`${path}#0/2`, `${path}#3/3`, path])
      await expect((async () => source.openPartition(partition, undefined, CONTEXT))()).rejects.toMatchObject({
        code: 'ERR_SOURCE_FAILED',
        message: expect.stringMatching(/the job now reads files in 3 shares\. Set shares back/),
      })
  })

  it.each([
    [{ count: 0, by: 'sequence' }, /shares\.count is 0\. Give a whole number from 1 to 1024/],
    [{ count: 2.5, by: 'shard' }, /shares\.count is 2\.5/],
    [{ count: 2 }, /shares\.by is undefined\. Give 'sequence' or 'shard'/],
    [{ count: 2, by: 'shard', of: 3 }, /has no option "of"/],
  ])('is asked for with options that make sense: %j', (shares, problem) => {
    expect(() => streamFile('x', { shares: shares as StreamFileShares })).toThrow(
      expect.objectContaining({ code: 'ERR_OPERATOR_ARGUMENT', message: expect.stringMatching(problem) }),
    )
  })
})
