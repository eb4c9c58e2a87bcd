import { execFileSync } from 'node:child_process'
import { chmodSync, truncateSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { PassThrough } from 'node:stream'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { PATIENCE_MS, PROPERTY_SETTINGS } from '../fixture/property-settings.ts'
import { CONTEXT, Collected, readAll, readToEnd, readUntilFailure } from '../fixture/read-partition.ts'
import { TemporaryFolder } from '../fixture/temporary-folder.ts'
import { READ_BYTES_MAX } from './file-input.ts'
import { stdinLines } from './stdin.ts'
import { textFile } from './text-file.ts'
import { TEXT_BLOCK_BYTES } from './text-window.ts'

vi.setConfig({ testTimeout: PATIENCE_MS })

let folder: TemporaryFolder
beforeEach(() => {
  folder = new TemporaryFolder()
})
afterEach(() => folder[Symbol.dispose]())

/** What the lines of a text are, the slow way. */
function linesOf(text: string): string[] {
  const lines = text.split('\n')
  const last = lines.pop() as string
  return [...lines.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line)), ...(last === '' ? [] : [last])]
}

const read = async (content: string | Uint8Array) => (await readAll(textFile(folder.file('in.txt', content)))).values

describe('the lines of a file', () => {
  it.each<[name: string, content: string, lines: string[]]>([
    ['none of an empty file', '', []],
    ['one empty line', '\n', ['']],
    ['lines with a line end each', 'a\nb\n', ['a', 'b']],
    ['a last line without a line end', 'a\nb', ['a', 'b']],
    ['Windows line ends', 'a\r\n\r\nb\r\n', ['a', '', 'b']],
    ['both kinds of line ends', 'a\r\nb\nc', ['a', 'b', 'c']],
    ['a carriage return that ends no line', 'a\rb\r\r\nc\r', ['a\rb\r', 'c\r']],
    ['no byte order mark', '\ufeffa\n\ufeffb\n', ['a', '\ufeffb']],
    ['nothing but a byte order mark', '\ufeff', []],
    ['characters of one to four bytes', 'aä€😀\n😀€äa', ['aä€😀', '😀€äa']],
    ['zero bytes and other line separators', 'a\0b\u2028c\vd\n', ['a\0b\u2028c\vd']],
  ])('%s', async (_, content, lines) => {
    expect(await read(content)).toEqual(lines)
  })

  it.each(['a', '\r', '€', '😀'])('are whole when a block or a chunk is cut at any byte near a %j', async (unit) => {
    for (const border of [TEXT_BLOCK_BYTES, READ_BYTES_MAX]) {
      for (let shift = 0; shift < 6; shift++) {
        const text = `${'x'.repeat(border - shift)}${unit}\r\n${unit}\n${'y'.repeat(border - shift)}${unit}${unit}\r\nend`
        expect(await read(text)).toEqual(linesOf(text))
      }
    }
  })

  it('are those of the text, wherever a stream is cut into chunks', async () => {
    const pieces = fc.constantFrom('a', 'bc', '\n', '\r\n', '\r', 'ä', '€', '😀', '\ufeff', 'x'.repeat(700), '€'.repeat(900))
    const text = fc.array(pieces, { maxLength: 30 }).map((parts) => parts.join(''))
    const property = fc.asyncProperty(text, fc.array(fc.integer({ min: 1, max: 2500 }), { minLength: 1 }), async (text, sizes) => {
      const stream = new PassThrough()
      const collected = readAll(stdinLines({ stream }))
      const bytes = Buffer.from(text)
      for (let at = 0, i = 0; at < bytes.length; i++) {
        const size = sizes[i % sizes.length] as number
        stream.write(bytes.subarray(at, at + size))
        at += size
        if (i % 3 === 0) await new Promise(setImmediate)
      }
      stream.end()
      expect((await collected).values).toEqual(linesOf(text.replace(/^\ufeff/, '')))
    })
    await fc.assert(property, PROPERTY_SETTINGS)
  })

  it('are numbered from 0 in each file', async () => {
    const source = textFile([folder.file('a', 'x\ny\n'), folder.file('b', 'z')])
    const [a, b] = source.listPartitions() as [string, string]
    expect((await readAll(source, a)).records).toEqual([
      { value: 'x', timestamp: 0 },
      { value: 'y', timestamp: 1 },
    ])
    expect((await readAll(source, b)).records).toEqual([{ value: 'z', timestamp: 0 }])
  })

  it('are many', async () => {
    const lines = Array.from({ length: 300_000 }, (_, i) => `line ${i}${i % 1000 === 0 ? ' é' : ''}`)
    const values = await read(lines.join('\n'))
    expect(values.length).toBe(lines.length)
    expect(values.findIndex((value, i) => value !== lines[i])).toBe(-1)
  })
})

describe('the position', () => {
  it('is the byte after the last record, at any cut', async () => {
    const pieces = fc.constantFrom('a', 'ä', '€', '😀', '\n', '\r\n', '\n\n', 'x'.repeat(1500))
    const texts = fc.array(pieces, { maxLength: 25 }).map((parts) => parts.join(''))
    const property = fc.asyncProperty(texts, fc.nat({ max: 30 }), async (text, count) => {
      const source = textFile(folder.file('in.txt', text))
      const [path] = source.listPartitions() as [string]
      const lines = linesOf(text)
      const first = await source.openPartition(path, undefined, CONTEXT)
      const output = new Collected<string>()
      const cut = Math.min(count, lines.length)
      while (output.records.length < cut) if (first.poll(output, cut - output.records.length) === 'idle') await first.ready()
      const state = first.snapshot()
      await first.close()
      const bytes = Buffer.from(text)
      expect(linesOf(bytes.subarray(0, state.offset).toString())).toEqual(lines.slice(0, cut))
      expect(state.index).toBe(cut)
      const rest = await readAll(source, path, state)
      expect(rest.records).toEqual(lines.slice(cut).map((value, i) => ({ value, timestamp: cut + i })))
    })
    await fc.assert(property, PROPERTY_SETTINGS)
  })

  it('at the end finds what was added since', async () => {
    const path = folder.file('in.txt', 'a\nb\n')
    const opened = await textFile(path).openPartition(path, undefined, CONTEXT)
    await readToEnd(opened, new Collected<string>())
    const state = opened.snapshot()
    await opened.close()
    writeFileSync(path, 'c\n', { flag: 'a' })
    expect((await readAll(textFile(path), path, state)).records).toEqual([{ value: 'c', timestamp: 2 }])
  })

  it('does not go past a record that could not be read', async () => {
    const path = folder.file('in.txt', Buffer.from([0x61, 10, 0xff, 10, 0x62, 10]))
    const { values, failure, state } = await readUntilFailure(textFile(path))
    expect(values).toEqual(['a'])
    expect(failure).toMatchObject({ code: 'ERR_RECORD_INVALID', context: { path, line: 2 } })
    expect(state).toMatchObject({ offset: 2, index: 1, line: 1 })
  })

  it('before a line that begins like a byte order mark keeps it', async () => {
    const path = folder.file('in.txt', 'a\n\ufeffb\n')
    expect((await readAll(textFile(path), path, { offset: 2, index: 1, line: 1 })).values).toEqual(['\ufeffb'])
  })

  it('past the end of the file is refused', async () => {
    const path = folder.file('in.txt', 'abc\n')
    truncateSync(path, 2)
    await expect(readAll(textFile(path), path, { offset: 4, index: 1, line: 1 })).rejects.toMatchObject({
      code: 'ERR_FILE',
      message: expect.stringContaining('has read 4 bytes of it, but it has only 2'),
    })
  })
})

describe('a line that is too long', () => {
  it.each<[name: string, line: string, ok: boolean]>([
    ['at the limit', 'x'.repeat(100), true],
    ['one byte over', 'x'.repeat(101), false],
    ['at the limit in bytes, not in characters', 'é'.repeat(50), true],
    ['over in bytes', 'é'.repeat(51), false],
  ])('%s', async (_, line, ok) => {
    for (const lineEnd of ['\n', '\r\n', '']) {
      const path = folder.file('in.txt', `a\n${line}${lineEnd}`)
      const reading = readAll(textFile(path, { maxLineBytes: 100 }))
      if (ok) expect((await reading).values).toEqual(['a', line])
      else await expect(reading).rejects.toMatchObject({ code: 'ERR_RECORD_TOO_LARGE', context: { path, line: 2 } })
    }
  })

  it('is an error after the lines before it, however long it is', async () => {
    const path = folder.file('in.txt', `a\nb\n${'x'.repeat(5_000_000)}`)
    const { values, failure } = await readUntilFailure(textFile(path))
    expect(values).toEqual(['a', 'b'])
    expect(failure).toMatchObject({ code: 'ERR_RECORD_TOO_LARGE', message: expect.stringContaining(`${path}:3: `) })
  })

  it('is read if the limit allows it', async () => {
    const line = 'é'.repeat(3_000_000)
    expect((await readAll(textFile(folder.file('in.txt', `a\n${line}\nb`), { maxLineBytes: 6_000_000 }))).values).toEqual(['a', line, 'b'])
  })
})

describe('a file that cannot be read', () => {
  it('says what to do when there is none', async () => {
    const path = folder.file('none.txt')
    await expect(readAll(textFile(path))).rejects.toMatchObject({
      code: 'ERR_FILE',
      message: expect.stringMatching(/none\.txt" cannot be read: there is no such file\. Check the path/),
      context: { path, operator: 'op' },
    })
  })

  it('says so when it is a directory', async () => {
    await expect(readAll(textFile(folder.path))).rejects.toMatchObject({ code: 'ERR_FILE', message: expect.stringContaining('directory') })
  })

  it.skipIf(process.getuid?.() === 0)('says so when permission is missing (root may read everything)', async () => {
    const path = folder.file('secret.txt', 'x')
    chmodSync(path, 0)
    await expect(readAll(textFile(path))).rejects.toMatchObject({ code: 'ERR_FILE', message: expect.stringContaining('permission denied') })
  })

  it('is refused when its options make no sense', () => {
    expect(() => textFile('')).toThrow(/not a path/)
    expect(() => textFile(['a', 'a'])).toThrow(/given twice/)
    expect(() => textFile('a', { maxLineBytes: 0 })).toThrow(/maxLineBytes is 0/)
  })
})

it.skipIf(process.platform === 'win32')('a named pipe is read to its end, and not continued', async () => {
  const path = folder.file('pipe')
  const [command, ...options] = ['mkfifo', path] as const
  execFileSync(command, options)
  const written = writeFile(path, 'a\nb\n')
  expect((await readAll(textFile(path))).values).toEqual(['a', 'b'])
  await written
  const again = writeFile(path, 'c\n')
  await expect(readAll(textFile(path), path, { offset: 2, index: 1, line: 1 })).rejects.toThrow('only a regular file can be continued')
  await again.catch(() => undefined)
})
