import { appendFileSync, copyFileSync, renameSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { sourceSuite } from '@malstrom/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Follower } from '../fixture/follow.ts'
import { PATIENCE_MS, PATIENT_SUITE } from '../fixture/property-settings.ts'
import { CONTEXT, Collected, readAll } from '../fixture/read-partition.ts'
import { TemporaryFolder } from '../fixture/temporary-folder.ts'
import { csvFile } from './csv-file.ts'
import type { FilePosition } from './file-position.ts'
import { textFile } from './text-file.ts'

vi.setConfig({ testTimeout: PATIENCE_MS })

const QUICKLY = { follow: true, pollIntervalMs: 2 }

let folder: TemporaryFolder
let path: string
beforeEach(() => {
  folder = new TemporaryFolder()
  path = folder.file('app.log', 'a\nb\n')
})
afterEach(() => folder[Symbol.dispose]())

const append = (text: string, to = path) => appendFileSync(to, text)

/** Where a job stands after `count` records, when it stops then. */
async function stoppedAfter(count: number, options = QUICKLY as Parameters<typeof textFile>[1]): Promise<FilePosition> {
  const partition = await textFile(path, options).openPartition(path, undefined, CONTEXT)
  const output = new Collected<string>()
  while (output.records.length < count) {
    const status = partition.poll(output, count - output.records.length)
    if (status === 'idle' && output.records.length < count) await partition.ready()
  }
  const state = partition.snapshot()
  await partition.close()
  return structuredClone(state)
}

describe('a file that is followed', () => {
  it('gives what is appended, and a line when its end is there', async () => {
    await using follower = await Follower.open(textFile(path, QUICKLY), path)
    expect(await follower.values(2)).toEqual(['a', 'b'])
    append('c\nd')
    expect(await follower.values(3)).toEqual(['a', 'b', 'c'])
    append('e\n')
    expect(await follower.values(4)).toEqual(['a', 'b', 'c', 'de'])
    expect(follower.output.records.map(({ timestamp }) => timestamp)).toEqual([0, 1, 2, 3])
  })

  it('may be empty at first', async () => {
    writeFileSync(path, '')
    await using follower = await Follower.open(textFile(path, QUICKLY), path)
    expect(await follower.values(0)).toEqual([])
    append('x\n')
    expect(await follower.values(1)).toEqual(['x'])
  })

  it('goes on after a restart with what came meanwhile', async () => {
    const state = await stoppedAfter(1)
    append('c\n')
    await using follower = await Follower.open(textFile(path, QUICKLY), path, state)
    expect(await follower.values(2)).toEqual(['b', 'c'])
  })

  it('reads its options strictly', () => {
    expect(() => textFile(path, { pollIntervalMs: 0 })).toThrow(/pollIntervalMs is 0/)
    expect(() => textFile(path, { onLost: 'ignore' as 'fail' })).toThrow(/onLost is ignore/)
    expect(() => textFile(path, { follow: 'yes' as never })).toThrow(/follow is yes/)
  })
})

describe('a file that is rotated', () => {
  it('is read to its end, also what its writer adds later and a last line without an end, and then the new one', async () => {
    await using follower = await Follower.open(textFile(path, QUICKLY), path)
    expect(await follower.values(2)).toEqual(['a', 'b'])
    const rotated = folder.file('app.log.1')
    renameSync(path, rotated)
    append('late\nno end', rotated)
    writeFileSync(path, 'new\n')
    expect(await follower.values(5)).toEqual(['a', 'b', 'late', 'no end', 'new'])
    append('more\n')
    expect(await follower.values(6)).toEqual(['a', 'b', 'late', 'no end', 'new', 'more'])
    expect(follower.output.records.map(({ timestamp }) => timestamp)).toEqual([0, 1, 2, 3, 4, 5])
  })

  it('is waited for while there is no new one', async () => {
    await using follower = await Follower.open(textFile(path, QUICKLY), path)
    await follower.values(2)
    rmSync(path)
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(await follower.values(2)).toEqual(['a', 'b'])
    writeFileSync(path, 'new\n')
    expect(await follower.values(3)).toEqual(['a', 'b', 'new'])
  })

  it.each([true, false])('while the job is down is found by its inode; follow: %s', async (follow) => {
    const state = await stoppedAfter(1, { ...QUICKLY, follow })
    append('c\n')
    renameSync(path, folder.file('app-2026.log'))
    writeFileSync(path, 'a\nnew file\n')
    await using follower = await Follower.open(textFile(path, { ...QUICKLY, follow }), path, state)
    if (follow) expect(await follower.values(4)).toEqual(['b', 'c', 'a', 'new file'])
    else expect(await follower.finished()).toEqual(['b', 'c', 'a', 'new file'])
    expect(follower.partition.snapshot()).toMatchObject({ offset: 11, index: 5, line: 2 })
  })

  it('can be stopped at any record before, in and after the change, and goes on', async () => {
    writeFileSync(path, '0\n1\n2\n')
    renameSync(path, folder.file('app.log.1'))
    const old = await textFile(folder.file('app.log.1')).openPartition(folder.file('app.log.1'), undefined, CONTEXT)
    old.poll(new Collected(), 1)
    await old.ready()
    old.poll(new Collected(), 1)
    let state = old.snapshot()
    await old.close()
    writeFileSync(path, '3\n4\n')
    const values: string[] = []
    for (let i = 0; i < 4; i++) {
      await using follower = await Follower.open(textFile(path), path, state)
      const output = new Collected<string>()
      while (output.records.length === 0) {
        if (follower.partition.poll(output, 1) === 'idle' && output.records.length === 0) await follower.partition.ready()
      }
      values.push(...output.values)
      state = structuredClone(follower.partition.snapshot())
    }
    expect(values).toEqual(['1', '2', '3', '4'])
  })

  it.each([true, false])('several times while the job is down or slow is read file by file; follow: %s', async (follow) => {
    const state = await stoppedAfter(1, { ...QUICKLY, follow })
    const written = (name: string, text: string | Buffer, minute: number) => {
      const file = folder.file(name, text)
      utimesSync(file, minute * 60, minute * 60)
    }
    utimesSync(path, 60, 60)
    renameSync(path, folder.file('app.log.3'))
    written('app.log.2.gz', gzipSync('c\nd'), 2)
    written('app-2026-01-02.log', 'e\n', 3)
    written('app.log', 'f\n', 4)
    written('app.log.4', 'older\n', 0.5)
    written('app.log.bak', 'no log\n', 2.5)
    written('myapp.log.1', 'of another\n', 2.5)
    await using follower = await Follower.open(textFile(path, { ...QUICKLY, follow }), path, state)
    const expected = ['b', 'c', 'd', 'e', 'f']
    expect(follow ? await follower.values(5) : await follower.finished()).toEqual(expected)
    expect(follower.partition.snapshot()).toMatchObject({ offset: 2, index: 6 })
  })

  it('can be stopped between the old file and the new one, also if the old one goes away then', async () => {
    await using follower = await Follower.open(textFile(path, QUICKLY), path)
    await follower.values(2)
    rmSync(path)
    const state = { ...follower.partition.snapshot(), finished: true as const }
    await using waiting = await Follower.open(textFile(path, QUICKLY), path, state)
    expect(await waiting.values(0)).toEqual([])
    expect(waiting.partition.snapshot()).toEqual(state)
    writeFileSync(path, 'a\nnew\n')
    expect(await waiting.values(2)).toEqual(['a', 'new'])
    writeFileSync(path, 'another\n')
    await using after = await Follower.open(textFile(path, QUICKLY), path, state)
    expect(await after.values(1)).toEqual(['another'])
    expect(after.output.records[0]?.timestamp).toBe(2)
  })

  it('has a header of its own', async () => {
    const csv = folder.file('in.csv', 'n,m\n1,2\n')
    const source = csvFile(csv, QUICKLY)
    await using follower = await Follower.open(source, csv)
    await follower.values(1)
    renameSync(csv, folder.file('in.csv.1'))
    writeFileSync(csv, 'm,n\n4,3\n')
    expect(await follower.values(2)).toEqual([
      { n: '1', m: '2' },
      { n: '3', m: '4' },
    ])
  })
})

describe('a file that lost what was not read yet', () => {
  const lost = (problem: RegExp) => ({ code: 'ERR_FILE', message: expect.stringMatching(problem), context: { path, operator: 'op' } })

  it.each<[how: string, change: () => void, problem: RegExp]>([
    ['truncated', () => writeFileSync(path, 'z\n'), /has read 4 bytes of it, but it has only 2\. .*onLost: 'start-over'/],
    ['rewritten', () => writeFileSync(path, 'z\nzz\nzzz\n'), /is another file than the one that the job has read 4 bytes of/],
    [
      'replaced',
      () => {
        writeFileSync(folder.file('other'), 'z\nzz\nzzz\n')
        renameSync(folder.file('other'), path)
      },
      /is another file .* no longer in its folder/,
    ],
    ['removed', () => rmSync(path), /is gone, and the job has read 4 bytes of it, but not to its end/],
  ])('because it was %s while the job was down is an error, or read from its beginning', async (_, change, problem) => {
    const state = await stoppedAfter(2)
    change()
    await expect(Follower.open(textFile(path, QUICKLY), path, state)).rejects.toMatchObject(lost(problem))
    await expect(Follower.open(textFile(path), path, state)).rejects.toMatchObject(lost(problem))
    await using follower = await Follower.open(textFile(path, { ...QUICKLY, onLost: 'start-over' }), path, state)
    append('end\n')
    const values = await follower.values(problem.source.includes('only 2') ? 2 : problem.source.includes('gone') ? 1 : 4)
    expect(values).toEqual([...(problem.source.includes('gone') ? [] : values.length === 2 ? ['z'] : ['z', 'zz', 'zzz']), 'end'])
    expect(follower.output.records[0]?.timestamp).toBe(2)
  })

  it('because it was truncated while it is followed is an error after what was read', async () => {
    await using follower = await Follower.open(textFile(path, QUICKLY), path)
    await follower.values(2)
    truncateSync(path, 0)
    await expect(follower.values(3)).rejects.toMatchObject(lost(/it was truncated: the job has read 4 bytes of it, but it has only 0/))
  })

  it('because it was truncated is read from its beginning if that is wanted, without the line that was cut', async () => {
    append('half a li')
    await using follower = await Follower.open(textFile(path, { ...QUICKLY, onLost: 'start-over' }), path)
    expect(await follower.values(2)).toEqual(['a', 'b'])
    writeFileSync(path, 'new\n')
    expect(await follower.values(3)).toEqual(['a', 'b', 'new'])
    expect(follower.partition.snapshot()).toMatchObject({ offset: 4, index: 3, line: 1 })
  })
})

describe('a file that is read once', () => {
  it('may be gone after it was read to its end', async () => {
    const first = await Follower.open(textFile(path), path)
    await first.finished()
    const state = first.partition.snapshot()
    await first.partition.close()
    expect(state).toMatchObject({ offset: 4, finished: true })
    rmSync(path)
    expect((await readAll(textFile(path), path, state)).values).toEqual([])
  })

  it('may be restored from a copy', async () => {
    const state = await stoppedAfter(1, {})
    copyFileSync(path, folder.file('copy'))
    rmSync(path)
    renameSync(folder.file('copy'), path)
    expect((await readAll(textFile(path), path, state)).values).toEqual(['b'])
  })

  it('may be corrected behind what was read, by an editor that writes a new file', async () => {
    const state = await stoppedAfter(1, {})
    writeFileSync(folder.file('edited'), 'a\nB\nc\n')
    rmSync(path)
    renameSync(folder.file('edited'), path)
    expect((await readAll(textFile(path), path, state)).values).toEqual(['B', 'c'])
  })
})

/** Partitions are paths, and the suite knows them beforehand. */
const shared = new TemporaryFolder()
process.on('exit', () => shared[Symbol.dispose]())
const followed = shared.file('followed.log')
const lines = Array.from({ length: 24 }, (_, i) => `line ${i} ${'größe'.repeat(i * 20)}`)
let appended = 0

sourceSuite('textFile with follow', {
  ...PATIENT_SUITE,
  setup: () => {
    appended = 0
    writeFileSync(followed, `${lines.join('\n')}\n`)
  },
  create: () => textFile(followed, QUICKLY),
  expected: [{ partition: followed, records: lines.map((value, timestamp) => ({ value, timestamp })) }],
  finishes: false,
  append: () => {
    const record = { value: `appended ${appended}`, timestamp: lines.length + appended }
    appended++
    appendFileSync(followed, `${record.value}\n`)
    return record
  },
})
