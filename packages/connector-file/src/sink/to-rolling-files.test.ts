import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { SinkPartition } from '@malstrom/core'
import { type SinkRecord, sinkSuite } from '@malstrom/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { beforeDeadline } from '../fixture/follow.ts'
import { PATIENT_SUITE } from '../fixture/property-settings.ts'
import { CONTEXT } from '../fixture/read-partition.ts'
import { TemporaryFolder } from '../fixture/temporary-folder.ts'
import type { RolledFiles } from './rolling-partition.ts'
import { type RollingFilesOptions, toRollingFiles } from './to-rolling-files.ts'

let folder: TemporaryFolder
beforeEach(() => {
  folder = new TemporaryFolder()
})
afterEach(() => {
  vi.useRealTimers()
  folder[Symbol.dispose]()
})

type Partition = SinkPartition<string, undefined, number, RolledFiles>

const open = async (
  options: RollingFilesOptions<string, undefined, number> = {},
  state?: RolledFiles,
  generation = 1,
): Promise<Partition> => await toRollingFiles(folder.path, options).openPartition('all', state, { ...CONTEXT, generation })

async function checkpoint(partition: Partition, version: number): Promise<RolledFiles> {
  await partition.flush()
  const state = structuredClone(partition.snapshot(version))
  await partition.commit?.(version)
  return state
}

const write = (partition: Partition, ...lines: string[]) => {
  for (const line of lines) partition.write(line, undefined, 0)
}
const hidden = (path = folder.path) => readdirSync(path).filter((name) => name.startsWith('.'))
/** What a reader sees: names, and what is in the files. */
const visible = (path = folder.path) =>
  Object.fromEntries(
    readdirSync(path)
      .filter((name) => !name.startsWith('.'))
      .sort()
      .map((name) => [name, readFileSync(join(path, name), 'utf8')]),
  )

describe('a file', () => {
  it('appears with the commit, complete, and one per snapshot', async () => {
    const partition = await open()
    write(partition, 'a', 'b')
    await partition.flush()
    partition.snapshot(1)
    expect(visible()).toEqual({})
    await partition.commit?.(1)
    write(partition, 'c')
    await checkpoint(partition, 2)
    await checkpoint(partition, 3)
    await partition.close()
    expect(visible()).toEqual({ 'part-00000000.txt': 'a\nb\n', 'part-00000001.txt': 'c\n' })
    expect(hidden()).toEqual([])
  })

  it('ends before the line that makes it larger than maxFileBytes, and a larger line gets one of its own', async () => {
    const partition = await open({ maxFileBytes: 8 })
    write(partition, 'äaa', 'bb', 'c', 'a line of many bytes', 'd')
    await checkpoint(partition, 1)
    await partition.close()
    expect(Object.values(visible())).toEqual(['äaa\nbb\n', 'c\n', 'a line of many bytes\n', 'd\n'])
  })

  it('ends when it is maxFileAgeMs old and a line comes', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 1, 3, 4, 5, 6) })
    const partition = await open({ maxFileAgeMs: 60_000, name: '{date}T{time}-{sequence}.log' })
    write(partition, 'a')
    vi.setSystemTime(Date.UTC(2026, 1, 3, 4, 6, 5, 999))
    write(partition, 'b')
    vi.setSystemTime(Date.UTC(2026, 1, 3, 4, 6, 6))
    write(partition, 'c')
    await checkpoint(partition, 1)
    await partition.close()
    expect(visible()).toEqual({ '2026-02-03T04-05-06-00000000.log': 'a\nb\n', '2026-02-03T04-06-06-00000001.log': 'c\n' })
  })

  it('may be one of very many, of which few are open at a time', async () => {
    const partition = await open({ maxFileBytes: 1 })
    for (let i = 0; i < 100; i++) {
      if (partition.saturated) await partition.flush()
      write(partition, `${i}`)
    }
    await checkpoint(partition, 1)
    await partition.close()
    expect(Object.values(visible())).toEqual(Array.from({ length: 100 }, (_, i) => `${i}\n`))
  })

  it('is in the folder that folderOf names', async () => {
    const sink = toRollingFiles<string, undefined, number>(folder.path, { folderOf: (value) => `day=${value}` })
    const partition = await sink.openPartition(sink.partitionOf?.('1', undefined, 0) as string, undefined, CONTEXT)
    write(partition, '1')
    await checkpoint(partition, 1)
    await partition.close()
    expect(visible(join(folder.path, 'day=1'))).toEqual({ 'part-00000000.txt': '1\n' })
  })

  it.each(['../x', '/x', 'a/../../x', '..', 'a\0b'])('is not written where %j leads', async (elsewhere) => {
    const sink = toRollingFiles<string, undefined, number>(folder.path, { folderOf: () => elsewhere })
    await expect(sink.openPartition(elsewhere, undefined, CONTEXT)).rejects.toMatchObject({
      code: 'ERR_OPERATOR_ARGUMENT',
      message: expect.stringContaining('not below the folder of the sink'),
    })
  })
})

describe('after a crash', () => {
  it('what no snapshot knows is gone, and numbers go on', async () => {
    const first = await open()
    write(first, 'a')
    const state = await checkpoint(first, 1)
    write(first, 'lost')
    await first.flush()
    await first.close()
    expect(hidden()).toHaveLength(1)
    const second = await open({}, state, 2)
    expect(hidden()).toEqual([])
    write(second, 'b')
    await checkpoint(second, 2)
    await second.close()
    expect(visible()).toEqual({ 'part-00000000.txt': 'a\n', 'part-00000001.txt': 'b\n' })
  })

  it('between two renames, the commit does the rest; a file that its reader has taken does not come back', async () => {
    const first = await open({ maxFileBytes: 2 })
    write(first, 'a', 'b', 'c')
    await first.flush()
    const state = structuredClone(first.snapshot(1))
    await first.close()
    const [a, b] = state.complete
    renameSync(join(folder.path, a?.stagedName as string), join(folder.path, a?.name as string))
    renameSync(join(folder.path, b?.stagedName as string), join(folder.path, 'taken'))
    rmSync(join(folder.path, 'taken'))
    const second = await open({}, state, 2)
    await second.commit?.(1)
    await second.commit?.(1)
    await second.close()
    expect(visible()).toEqual({ 'part-00000000.txt': 'a\n', 'part-00000002.txt': 'c\n' })
  })

  it('the leftovers of another sink in the folder are left alone', async () => {
    const other = await toRollingFiles<string, undefined, number>(folder.path, { name: 'other-{sequence}' }).openPartition(
      'all',
      undefined,
      {
        ...CONTEXT,
        operator: 'other',
      },
    )
    write(other, 'x')
    await other.flush()
    const partition = await open()
    await partition.close()
    await checkpoint(other, 1)
    await other.close()
    expect(visible()).toEqual({ 'other-00000000': 'x\n' })
  })

  it('a version that was not committed is part of the next one', async () => {
    const partition = await open()
    write(partition, 'a')
    await partition.flush()
    partition.snapshot(1)
    write(partition, 'b')
    await checkpoint(partition, 2)
    await partition.close()
    expect(Object.values(visible())).toEqual(['a\n', 'b\n'])
  })

  it.skipIf(process.platform === 'win32')(
    'of a process that is killed, readers have seen whole files and every committed line once',
    async () => {
      const child = spawn(process.execPath, ['--conditions=@malstrom/source', '--import', 'tsx', writerPath, folder.path], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      let printed = ''
      child.stdout.on('data', (chunk) => {
        printed += chunk
      })
      const exit = once(child, 'exit')
      await beforeDeadline(once(child.stdout, 'data'), 'the first commit of the child')
      await new Promise((resolve) => setTimeout(resolve, 100))
      child.kill('SIGKILL')
      await beforeDeadline(exit, 'the child to end')
      const committed = printed
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as RolledFiles)
      const state = committed.at(-1) as RolledFiles
      // What the child had renamed after its last word belongs to a snapshot that it took. Nothing is half a file.
      const lines = Object.values(visible()).join('')
      expect(lines.endsWith('\n')).toBe(true)
      const numbers = lines.split('\n').slice(0, -1).map(Number)
      expect(numbers).toEqual(numbers.map((_, i) => i))
      expect(numbers.length).toBeGreaterThanOrEqual(state.version * LINES_PER_VERSION)
    },
  )
})

const LINES_PER_VERSION = 100
const writerPath = fileURLToPath(new URL('../fixture/rolling-writer.ts', import.meta.url))

describe('files that are there already', () => {
  beforeEach(() => {
    folder.file('part-00000007.txt', 'old\n')
    folder.file('part-x.txt', 'of something else\n')
  })

  it('are refused', async () => {
    await expect(open()).rejects.toMatchObject({
      code: 'ERR_FILE',
      message: expect.stringMatching(/it has files of this name already, such as part-00000007\.txt\. .*append: true/),
    })
  })

  it('are counted on from if that is wanted', async () => {
    const partition = await open({ append: true })
    write(partition, 'new')
    await checkpoint(partition, 1)
    await partition.close()
    expect(Object.keys(visible())).toEqual(['part-00000007.txt', 'part-00000008.txt', 'part-x.txt'])
  })

  it('and came after the start are not overwritten', async () => {
    const partition = await open({ append: true })
    write(partition, 'new')
    writeFileSync(join(folder.path, 'part-00000008.txt'), 'foreign')
    await expect(checkpoint(partition, 1)).rejects.toMatchObject({ code: 'ERR_FILE', message: expect.stringContaining('another program') })
    await partition.close()
    expect(visible()['part-00000008.txt']).toBe('foreign')
  })
})

it.each([
  [{ name: 'x.txt' }, /Put \{sequence\} into it once/],
  [{ name: '{sequence}{sequence}' }, /Put \{sequence\} into it once/],
  [{ name: 'a/{sequence}' }, /without folders/],
  [{ name: '.{sequence}' }, /begin with a dot/],
  [{ name: '{sequence}-{hour}' }, /\{hour\} means nothing here\. There are \{sequence\}, \{date\}, \{time\}/],
  [{ maxFileBytes: 0 }, /maxFileBytes is 0/],
  [{ maxFileAgeMs: Number.NaN }, /maxFileAgeMs is NaN/],
])('options that make no sense are refused: %j', (options, problem) => {
  expect(() => toRollingFiles('x', options)).toThrow(problem)
})

it('a folder that cannot be made says so', async () => {
  folder.file('plain', '')
  mkdirSync(folder.file('dir'))
  await expect(toRollingFiles(folder.file('plain/x')).openPartition('all', undefined, CONTEXT)).rejects.toMatchObject({ code: 'ERR_FILE' })
  expect(existsSync(folder.file('dir'))).toBe(true)
})

const records: SinkRecord<string, number, number>[] = Array.from({ length: 12 }, (_, i) => ({
  value: `${i} größe 😀 ${'x'.repeat(i * 1000)}`,
  key: i % 3,
  timestamp: i,
}))
const folders = {
  setup: () => new TemporaryFolder(),
  teardown: (folder: TemporaryFolder) => folder[Symbol.dispose](),
  delivery: 'exactly-once' as const,
  ...PATIENT_SUITE,
  records,
}
const linesIn = (path: string) => (existsSync(path) ? Object.values(visible(path)).join('').split('\n').slice(0, -1) : [])

sinkSuite('toRollingFiles', {
  ...folders,
  runs: 30,
  create: (folder) => toRollingFiles<string, number, number>(folder.path, { maxFileBytes: 5000 }),
  read: (folder) => linesIn(folder.path),
})

sinkSuite('toRollingFiles with folders', {
  ...folders,
  runs: 15,
  create: (folder) => toRollingFiles<string, number, number>(folder.path, { folderOf: (_value, key) => `key=${key}` }),
  read: (folder, partition: string) => linesIn(join(folder.path, partition)),
})
