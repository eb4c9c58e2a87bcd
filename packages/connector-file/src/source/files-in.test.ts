import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { join, relative } from 'node:path'
import { defineJob } from '@malstrom/operators'
import { singleThread } from '@malstrom/runtime'
import { sourceSuite } from '@malstrom/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { PATIENT_SUITE } from '../fixture/property-settings.ts'
import { readAll } from '../fixture/read-partition.ts'
import { TemporaryFolder } from '../fixture/temporary-folder.ts'
import { toFile } from '../sink/to-file.ts'
import { type FilesInOptions, filesIn } from './files-in.ts'
import { globMatcher } from './glob.ts'
import { ndjsonFile } from './ndjson-file.ts'
import { textFile } from './text-file.ts'

let folder: TemporaryFolder
beforeEach(() => {
  folder = new TemporaryFolder()
})
afterEach(() => folder[Symbol.dispose]())

const listed = async (options?: FilesInOptions) => (await filesIn(folder.path, options).list()).map((path) => relative(folder.path, path))

describe('a pattern', () => {
  it.each<[pattern: string, matches: string[], others: string[]]>([
    ['*', ['a', 'a.b', 'größe'], ['.a', 'a/b']],
    ['*.log', ['app.log', 'a.b.log'], ['app.log.1', 'applog', '.log', 'x/app.log']],
    ['app.log', ['app.log'], ['appxlog', 'app.log2']],
    ['app-?.log', ['app-1.log'], ['app-.log', 'app-12.log', 'app-/.log']],
    ['[abc]*', ['a', 'bz'], ['d', '.a']],
    ['part-[0-9][!x]', ['part-17'], ['part-a7', 'part-1x', 'part-1/']],
    ['{a,b.c}.log', ['a.log', 'b.c.log'], ['bxc.log', 'c.log', 'a,b.log']],
    ['**/*.log', ['a.log', 'x/a.log', 'x/y/a.log'], ['.x/a.log', 'x/.a.log', 'x/a.txt']],
    ['x/**', ['x/a', 'x/y/z'], ['x', 'y/a', 'x/.a', 'x/.y/a']],
    ['x/*/z', ['x/y/z'], ['x/z', 'x/y/y/z']],
    ['.env*', ['.env', '.env.local'], ['env']],
    ['a+(b)|c$^', ['a+(b)|c$^'], ['aab', 'c']],
    ['a,b}', ['a,b}'], ['a']],
  ])('%s', (pattern, matches, others) => {
    const matcher = globMatcher(pattern)
    for (const path of matches) expect(matcher(path), path).toBe(true)
    for (const path of others) expect(matcher(path), path).toBe(false)
  })

  it.each(['[abc', 'a{b', 'x/[]'])('%s is refused', (match) => {
    expect(() => filesIn('x', { match })).toThrow(/is not complete: a . is not closed/)
  })
})

describe('the files in a folder', () => {
  beforeEach(() => {
    for (const name of ['b.log', 'a.log', '.hidden.log', 'c.txt', 'sub/d.log', 'sub/deep/e.log']) folder.file(name, 'x\n')
  })

  it('are those that are no folders and not hidden, in order', async () => {
    expect(await listed()).toEqual(['a.log', 'b.log', 'c.txt'])
  })

  it('are those of folders in it, if that is said or follows from the pattern', async () => {
    expect(await listed({ recursive: true })).toEqual(['a.log', 'b.log', 'c.txt', 'sub/d.log', 'sub/deep/e.log'])
    expect(await listed({ match: '**/*.log' })).toEqual(['a.log', 'b.log', 'sub/d.log', 'sub/deep/e.log'])
    expect(await listed({ match: 'sub/*' })).toEqual(['sub/d.log'])
    expect(await listed({ match: '**/*.log', recursive: false })).toEqual(['a.log', 'b.log'])
  })

  it('are those that a function takes', async () => {
    expect(await listed({ match: (path) => path.includes('.l') })).toEqual(['.hidden.log', 'a.log', 'b.log'])
  })

  it('are those that links lead to, if it is not nowhere or round in a circle', async () => {
    symlinkSync(join(folder.path, 'a.log'), join(folder.path, 'link.log'))
    symlinkSync(join(folder.path, 'none'), join(folder.path, 'dead.log'))
    symlinkSync(folder.path, join(folder.path, 'sub', 'circle'))
    expect(await listed({ match: '**/*.log' })).toEqual(['a.log', 'b.log', 'link.log', 'sub/d.log', 'sub/deep/e.log'])
  })

  it('are looked for again whenever the partitions are listed', async () => {
    const source = textFile(filesIn(folder.path, { match: '*.log' }))
    expect(await source.listPartitions()).toHaveLength(2)
    const added = folder.file('new.log', 'new\n')
    rmSync(join(folder.path, 'b.log'))
    const partitions = await source.listPartitions()
    expect(partitions).toEqual([join(folder.path, 'a.log'), added])
    expect((await readAll(source, added)).values).toEqual(['new'])
  })
})

it('a folder that cannot be read says so', async () => {
  await expect(filesIn(join(folder.path, 'none')).list()).rejects.toMatchObject({
    code: 'ERR_FILE',
    message: expect.stringMatching(/none" cannot be read: there is no such file\. Check the path/),
  })
  const file = folder.file('file', '')
  await expect(filesIn(file).list()).rejects.toMatchObject({ code: 'ERR_FILE', message: expect.stringContaining('it is no folder') })
  expect(() => filesIn('')).toThrow(/not a path/)
})

it('a job reads every file of a folder, and a second start reads what is new', async () => {
  mkdirSync(join(folder.path, 'in'))
  folder.file('in/a.ndjson', '1\n2\n')
  folder.file('in/b.ndjson', '3\n')
  const seen = () => readFileSync(join(folder.path, 'out'), 'utf8').split('\n').slice(0, -1).sort()
  const job = defineJob({
    name: 'folder',
    module: import.meta.url,
    build(flow) {
      const files = filesIn(join(folder.path, 'in'), { match: '*.ndjson' })
      flow.source('in', ndjsonFile<number>(files)).sink('out', toFile(join(folder.path, 'out'), { overwrite: true }))
    },
  })
  await singleThread().run(job)
  expect(seen()).toEqual(['1', '2', '3'])
  folder.file('c.tmp', '4\n')
  renameSync(join(folder.path, 'c.tmp'), join(folder.path, 'in', 'c.ndjson'))
  await singleThread().run(job)
  expect(seen()).toEqual(['1', '2', '3', '4'])
})

const shared = new TemporaryFolder()
process.on('exit', () => shared[Symbol.dispose]())
const names = ['x/1.log', 'x/2.log', '3.log']
const values = (name: string) => Array.from({ length: 12 }, (_, i) => `${name} ${i}`)
const partitions = names.map((name) => shared.file(name, values(name).join('\n')))
shared.file('4.txt', 'no')

sourceSuite('textFile of a folder', {
  ...PATIENT_SUITE,
  create: () => textFile(filesIn(shared.path, { match: '**/*.log' })),
  expected: names.map((name, i) => ({
    partition: partitions[i] as string,
    records: values(name).map((value, timestamp) => ({ value, timestamp })),
  })),
})
