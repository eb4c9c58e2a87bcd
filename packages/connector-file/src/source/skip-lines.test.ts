import { isUtf8 } from 'node:buffer'
import { appendFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import fc from 'fast-check'
import { expect, it, vi } from 'vitest'
import { PATIENCE_MS } from '../fixture/property-settings.ts'
import { CONTEXT, Collected, readAll, readToEnd } from '../fixture/read-partition.ts'
import { TemporaryFolder } from '../fixture/temporary-folder.ts'
import { lineFormat } from './line-parser.ts'
import { ndjsonFile } from './ndjson-file.ts'
import { stdinLines, stdinNdjson } from './stdin.ts'
import { textFile } from './text-file.ts'
import { TextWindow } from './text-window.ts'

vi.setConfig({ testTimeout: PATIENCE_MS })

const MAX = 12
const skipping = { maxLineBytes: MAX, onInvalid: 'skip' } as const

const line = fc.oneof(
  { weight: 4, arbitrary: fc.stringMatching(/^[a-cä😀]{0,4}$/u).map((text) => Buffer.from(text)) },
  { weight: 2, arbitrary: fc.integer({ min: MAX - 1, max: 9_000 }).map((bytes) => Buffer.alloc(bytes, 'x')) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 9 }).map((count) => Buffer.from('größe'.repeat(count))) },
  { weight: 1, arbitrary: fc.constant(Buffer.from([97, 0xff, 98])) },
)
const content = fc
  .tuple(fc.array(fc.tuple(line, fc.constantFrom('\n', '\r\n')), { maxLength: 30 }), line)
  .map(([lines, last]) => Buffer.concat([...lines.flatMap(([text, end]) => [text, Buffer.from(end)]), last]))

/** What is right, found line by line in all bytes at once. */
function rightLines(bytes: Buffer): string[] {
  const lines = bytes.toString('latin1').split('\n')
  const last = lines.pop() as string
  const ended = lines.map((text) => (text.endsWith('\r') ? text.slice(0, -1) : text))
  return [...ended, ...(last === '' ? [] : [last])]
    .map((text) => Buffer.from(text, 'latin1'))
    .filter((text) => text.length <= MAX && isUtf8(text))
    .map((text) => text.toString())
}

/** `bytes` in pieces of these sizes, in turn. */
function cutIn(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = []
  let at = 0
  while (at < bytes.length) {
    const size = sizes[chunks.length % sizes.length] as number
    chunks.push(bytes.subarray(at, at + size))
    at += size
  }
  return chunks
}

it('lines that are too long or not UTF-8 are left out, however they are cut, and wherever reading goes on', async () => {
  using folder = new TemporaryFolder()
  const path = folder.file('in.txt', '')
  await fc.assert(
    fc.asyncProperty(
      content,
      fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1, maxLength: 5 }),
      fc.nat(6),
      async (bytes, sizes, stopAfter) => {
        const expected = rightLines(bytes)
        expect((await readAll(stdinLines({ stream: Readable.from(cutIn(bytes, sizes)), ...skipping }))).values).toEqual(expected)

        folder.file('in.txt', bytes)
        const first = await textFile(path, skipping).openPartition(path, undefined, CONTEXT)
        const output = new Collected<string>()
        for (let polls = 0; polls < stopAfter; polls++) if (first.poll(output, 1) === 'idle') await first.ready()
        const state = first.snapshot()
        await first.close()
        const second = await textFile(path, skipping).openPartition(path, state, CONTEXT)
        await readToEnd(second, output, 3)
        await second.close()
        expect(output.values).toEqual(expected)
        expect(output.records.map(({ timestamp }) => timestamp)).toEqual(expected.map((_, i) => i))
      },
    ),
    { numRuns: 300 },
  )
})

it('values that are not JSON are left out too, and errors elsewhere name the right line', async () => {
  const text = `{"a":1}\n{"a":\n"${'x'.repeat(50)}"\n\n2\n`
  const streamOf = () => Readable.from([Buffer.from(text)])
  expect((await readAll(stdinNdjson({ stream: streamOf(), ...skipping }))).values).toEqual([{ a: 1 }, 2])
  using folder = new TemporaryFolder()
  expect((await readAll(ndjsonFile(folder.file('in.ndjson', text), skipping))).values).toEqual([{ a: 1 }, 2])
  await expect(readAll(stdinNdjson({ stream: streamOf() }))).rejects.toThrow(/^stdin:2: not valid JSON/)
  expect(() => textFile('a', { onInvalid: 'ignore' as 'skip' })).toThrow(/textFile: onInvalid is ignore/)
})

it('a line without an end takes no memory when it is left out', () => {
  const window = new TextWindow(lineFormat('test', skipping), { path: 'in', context: {} }, 0)
  window.append(Buffer.from('ok\n'))
  expect(window.advance(1)).toBe(true)
  window.at = window.text.length
  const chunk = Buffer.alloc(64 * 1024, 'x')
  for (let i = 0; i < 1_000; i++) {
    window.append(chunk)
    expect(window.advance(2)).toBe(false)
    expect(window.offset).toBe(3)
  }
  expect(window.capacityBytes).toBeLessThanOrEqual(4 * chunk.length)
  window.append(Buffer.from('\nafter\n'))
  expect(window.advance(2)).toBe(true)
  expect([window.text, window.offset, window.takeSkippedLines()]).toEqual(['after\n', 3 + 1_000 * chunk.length + 1, 1])
})

it('a restart in the middle of a line that grows leaves out all of it', async () => {
  using folder = new TemporaryFolder()
  const path = folder.file('in.txt', `a\n${'x'.repeat(100)}`)
  const options = { ...skipping, follow: true, pollIntervalMs: 1 }
  const output = new Collected<string>()
  const readUntil = async (count: number, state?: Parameters<ReturnType<typeof textFile>['openPartition']>[1]) => {
    const partition = await textFile(path, options).openPartition(path, state, CONTEXT)
    while (output.values.length < count) if (partition.poll(output, 10) === 'idle' && output.values.length < count) await partition.ready()
    const after = partition.snapshot()
    await partition.close()
    return after
  }
  const state = await readUntil(1)
  appendFileSync(path, `${'y'.repeat(5)}\nb\n`)
  await readUntil(2, state)
  expect(output.records).toEqual([
    { value: 'a', timestamp: 0 },
    { value: 'b', timestamp: 1 },
  ])
})
