import { relative } from 'node:path'
import { defineJob } from '@malstrom/operators'
import { singleThread } from '@malstrom/runtime'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Follower } from '../fixture/follow.ts'
import { PATIENCE_MS } from '../fixture/property-settings.ts'
import { CONTEXT, readAll } from '../fixture/read-partition.ts'
import { hello, hellos, numbers, numbersOf, TestedStreamFile } from '../fixture/stream-files.ts'
import { TemporaryFolder } from '../fixture/temporary-folder.ts'
import { stdinStream } from '../stream/stdio-stream.ts'
import { streamFile } from '../stream-file/stream-file.ts'
import { fileSchemes, stdioScheme } from './file-schemes.ts'
import { sinkFromUrl, sourceFromUrl } from './from-url.ts'
import type { StreamSchemes } from './stream-scheme.ts'

vi.setConfig({ testTimeout: PATIENCE_MS })

let folder: TemporaryFolder
let path: string
beforeEach(() => {
  folder = new TemporaryFolder()
  path = folder.file('x.ss')
})
afterEach(() => folder[Symbol.dispose]())

async function relay(from: string, to: string): Promise<void> {
  const job = defineJob({
    name: 'relay',
    module: import.meta.url,
    build(flow) {
      flow.source('from', sourceFromUrl(from)).sink('to', sinkFromUrl(to))
    },
  })
  await singleThread().run(job)
}

it('standard input has groups, when its scheme is made for one', () => {
  const schemes: StreamSchemes = { ...fileSchemes, stdio: stdioScheme({ group: 'g', onInvalid: 'skip' }) }
  const sources = ['stdio:///a', 'stdio:///a'].map((url) => sourceFromUrl(url, {}, schemes))
  expect(sources[0]?.listPartitions()).toEqual(['stdin'])
  expect(() => sourceFromUrl('stdio:///a', {}, { stdio: stdioScheme({ group: '' }) })).toThrow(/stdinStream: group is ""/)
  expect(() => sourceFromUrl('stdio:///a', { start: 'end' }, schemes)).toThrow(/standard input begins where it begins/)
})

describe('a file', () => {
  it('is read, with the streams that are named, from a relative or an absolute path', async () => {
    await new TestedStreamFile(path).write([hello(0), { ...hello(1), key: 'other' }, hello(2)])
    const from = async (url: string) => numbersOf((await readAll(sourceFromUrl(url))).values)
    expect(await from(`file://${path}/`)).toEqual([0, 1, 2])
    expect(await from(`file://${path}/hello`)).toEqual([0, 2])
    expect(await from(`file://./${relative(process.cwd(), path)}/other,hello`)).toEqual([0, 1, 2])
    expect(numbersOf((await readAll(sourceFromUrl(`file://${path}/`, { start: { timestamp: 1002 } }))).values)).toEqual([2])
  })

  it('may be several, and have characters that a URL has not', async () => {
    const strange = folder.file('a b,%c.ss')
    await new TestedStreamFile(strange).write(hellos(0, 2))
    await new TestedStreamFile(path).write(hellos(2, 3))
    const source = sourceFromUrl(`file://${folder.path}/a%20b%2C%25c.ss,${path}/`)
    expect(await source.listPartitions()).toEqual([strange, path])
    expect(numbersOf((await readAll(source, strange)).values)).toEqual([0, 1])
  })

  it('is followed if that is wanted', async () => {
    const file = new TestedStreamFile(path)
    await file.write(hellos(0, 2))
    await using follower = await Follower.open(sourceFromUrl(`file://${path}/`, { follow: true }), path)
    await follower.values(2)
    await file.write(hellos(2, 4), { append: true })
    expect(numbersOf(await follower.values(4))).toEqual(numbers(0, 4))
  })

  it('is read from its end, whatever timestamps come there', async () => {
    const file = new TestedStreamFile(path)
    await file.write(hellos(0, 3))
    await using follower = await Follower.open(sourceFromUrl(`file://${path}/`, { follow: true, start: 'end' }), path)
    await file.write([hello(1), hello(5)], { append: true })
    expect(numbersOf(await follower.values(2))).toEqual([1, 5])
    // A saved position counts more than where to begin.
    const { values } = await readAll(sourceFromUrl(`file://${path}/`, { start: 'end' }), path, { offset: 0, index: 0, line: 0 })
    expect(numbersOf(values)).toEqual([0, 1, 2, 1, 5])
  })

  it('is written on, as it comes or into one stream', async () => {
    await new TestedStreamFile(path).write([hello(0), { ...hello(1), key: 'other', shard: 3n, sequence: 7n }])
    const copy = folder.file('copy.ss')
    await relay(`file://${path}/`, `file://${copy}/`)
    expect((await readAll(streamFile(copy))).records).toEqual((await readAll(streamFile(path))).records)
    await relay(`file://${path}/`, `file://${copy}/other`)
    expect((await readAll(streamFile(copy))).values.map(({ key, shard, sequence }) => `${key} ${shard} ${sequence}`)).toEqual([
      'hello 0 1',
      'other 3 7',
      'other 0 1',
      'other 3 7',
    ])
  })
})

describe('a URL that cannot be used says why', () => {
  it.each<[url: string, problem: RegExp]>([
    ['host/a', /it has no scheme\. Known are file, stdio\./],
    [
      'kafka://user:secret@a/b',
      /"kafka:\/\/\*\*\*@a\/b" cannot be used|"kafka:\/\/user:\*\*\*@a\/b" cannot be used: the scheme kafka is not known here\. Known are/,
    ],
    ['fil:///a/', /the scheme fil is not known here\. Did you mean file\?/],
    ['constructor://a/', /the scheme constructor is not known/],
    ['file:///', /it names no file/],
    ['file:///a//', /it names no file/],
    ['file://%zz/', /Write %25 for a %/],
    ['stdio://host/a', /have no host/],
    ['file:///a', /names no file/],
  ])('%s', (url, problem) => {
    for (const use of [() => sourceFromUrl(url), () => sinkFromUrl(url)]) {
      expect(use).toThrow(expect.objectContaining({ code: 'ERR_OPERATOR_ARGUMENT', message: expect.stringMatching(problem) }))
      expect(use).not.toThrow(/secret/)
    }
  })

  it('also where only reading or writing is the problem', () => {
    expect(() => sinkFromUrl('file:///a.ss/x,y')).toThrow(/it names 2 streams/)
    expect(() => sinkFromUrl('stdio:///x,y')).toThrow(/it names 2 streams/)
    expect(() => sinkFromUrl('file:///a.ss,/b.ss/')).toThrow(/it names 2 files/)
    expect(() => sourceFromUrl('stdio:///', { start: { timestamp: 1 } })).toThrow(/standard input begins where it begins/)
    expect(() => sinkFromUrl('stdio:///', fileSchemes as object)).toThrow(/has no option "file"/)
    expect(() => sinkFromUrl('stdio:///', { delivery: 'exactly-once' })).toThrow(/standard output cannot take back what it has printed/)
    expect(() => sinkFromUrl('stdio:///', { delivery: 'once' as 'exactly-once' })).toThrow(/delivery is once/)
    expect(() => sourceFromUrl('stdio:///', { folow: true } as object)).toThrow(/has no option "folow"/)
  })
})

it('schemes of other packages are passed in', async () => {
  const seen: unknown[] = []
  const schemes: StreamSchemes = {
    ...fileSchemes,
    memory: {
      source: (url, options) => {
        seen.push(url, options)
        return stdinStream()
      },
    },
  }
  sourceFromUrl('memory://ann:pw@a,b/x', { follow: true }, schemes)
  expect(seen).toEqual([
    { scheme: 'memory', nodes: [{ address: 'a', user: 'ann', password: 'pw' }, { address: 'b' }], keys: ['x'] },
    { follow: true },
  ])
  expect(() => sinkFromUrl('memory://a/x', {}, schemes)).toThrow(/streams of memory can be read and not written/)
  expect(() => sourceFromUrl('sink://a/x', {}, { sink: { sink: () => sinkFromUrl('stdio:///') } })).toThrow(/can be written and not read/)
  const partition = await sinkFromUrl(`file://${path}/`, {}, schemes).openPartition(path, undefined, CONTEXT)
  await partition.close()
})
