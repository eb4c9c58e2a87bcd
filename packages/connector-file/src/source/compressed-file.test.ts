import { spawnSync } from 'node:child_process'
import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import * as zlib from 'node:zlib'
import { sourceSuite } from '@malstrom/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { PATIENCE_MS, PATIENT_SUITE } from '../fixture/property-settings.ts'
import { CONTEXT, Collected, readAll, readUntilFailure } from '../fixture/read-partition.ts'
import { TemporaryFolder } from '../fixture/temporary-folder.ts'
import { csvFile } from './csv-file.ts'
import { textFile } from './text-file.ts'

vi.setConfig({ testTimeout: PATIENCE_MS })

let folder: TemporaryFolder
beforeEach(() => {
  folder = new TemporaryFolder()
})
afterEach(() => folder[Symbol.dispose]())

const lines = Array.from({ length: 50_000 }, (_, i) => `line ${i} größe`)
const text = `${lines.join('\n')}\n`

/** One frame in the form of zstd, made of blocks that are not compressed: what every decoder must read, made without one. */
function zstdOf(content: string): Buffer {
  const bytes = Buffer.from(content)
  const parts = [Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58])] // A window of 2 MiB.
  for (let at = 0; at < bytes.length || at === 0; at += BLOCK_BYTES) {
    const block = bytes.subarray(at, at + BLOCK_BYTES)
    const header = Buffer.alloc(3)
    header.writeUIntLE((block.length << 3) | (at + BLOCK_BYTES >= bytes.length ? 1 : 0), 0, 3)
    parts.push(header, block)
  }
  return Buffer.concat(parts)
}

const BLOCK_BYTES = 100_000

const forms: [form: string, pack: (text: string) => Buffer][] = [
  ['gzip', (text) => zlib.gzipSync(text)],
  ['zstd', zstdOf],
]

describe.each(forms)('a file in the form of %s', (_, pack) => {
  it('is read as what it unpacks to, whatever it is called', async () => {
    expect((await readAll(textFile(folder.file('in.txt', pack(text))))).values).toEqual(lines)
    expect((await readAll(textFile(folder.file('empty', pack(''))))).values).toEqual([])
  })

  it('may be several, one after the other', async () => {
    expect((await readAll(textFile(folder.file('in', Buffer.concat([pack('a\nb'), pack('c\nd\n')]))))).values).toEqual(['a', 'bc', 'd'])
  })

  it('has positions in what it unpacks to', async () => {
    const path = folder.file('in', pack(text))
    const partition = await textFile(path).openPartition(path, undefined, CONTEXT)
    const output = new Collected<string>()
    while (output.records.length < 30_001) {
      if (partition.poll(output, Math.min(100, 30_001 - output.records.length)) === 'idle') await partition.ready()
    }
    const state = structuredClone(partition.snapshot())
    await partition.close()
    expect(state).toMatchObject({ offset: Buffer.byteLength(`${lines.slice(0, 30_001).join('\n')}\n`), index: 30_001 })
    expect((await readAll(textFile(path), path, state)).values).toEqual(lines.slice(30_001))
  })

  it('may begin with a header, which is read again after a restart', async () => {
    const path = folder.file('in.csv', pack('n,m\n1,2\n3,4\n'))
    const partition = await csvFile(path).openPartition(path, undefined, CONTEXT)
    const output = new Collected<Record<string, string>>()
    while (output.records.length < 1) if (partition.poll(output, 1) === 'idle') await partition.ready()
    const state = structuredClone(partition.snapshot())
    await partition.close()
    expect((await readAll(csvFile(path), path, state)).values).toEqual([{ n: '3', m: '4' }])
  })

  it('that is cut off is an error after the records that are whole', async () => {
    const path = folder.file('in', pack(text))
    truncateSync(path, readFileSync(path).length - 10)
    const { failure, values } = await readUntilFailure(textFile(path))
    expect(failure).toMatchObject({
      code: 'ERR_FILE',
      message: expect.stringMatching(/in" cannot be read: it cannot be unpacked \(.+\): it is damaged, cut off, or still being written/),
      context: { path, operator: 'op' },
    })
    expect(values).toEqual(lines.slice(0, values.length))
  })

  it('that is damaged is an error', async () => {
    const packed = pack(text)
    packed.fill(0xff, 6, 30)
    expect((await readUntilFailure(textFile(folder.file('in', packed)))).failure).toMatchObject({ code: 'ERR_FILE' })
  })

  it('that unpacks to less than was read is an error', async () => {
    const path = folder.file('in', pack('a\n'))
    await expect(readAll(textFile(path), path, { offset: 100, index: 10, line: 10 })).rejects.toMatchObject({
      code: 'ERR_FILE',
      message: expect.stringContaining('has read 100 bytes of what it unpacks to, but it unpacks to only 2'),
    })
  })

  it('ends even if it is followed', async () => {
    const path = folder.file('in', pack('a\nb'))
    expect((await readAll(textFile(path, { follow: true }))).values).toEqual(['a', 'b'])
  })
})

it('what the zstd program packs is read', async ({ skip }) => {
  const path = folder.file('in.txt', text)
  const { error } = spawnSync('zstd', ['-q', '-19', path])
  if (error !== undefined) skip(`There is no zstd program here: ${error.message}`)
  expect((await readAll(textFile(`${path}.zst`))).values).toEqual(lines)
})

describe('a line of a gigabyte', () => {
  const ONE_GB = 1_000_000_000

  it('is refused by the bound, at once and with little memory', async () => {
    const path = folder.file('in.txt', 'a\n')
    truncateSync(path, ONE_GB)
    const before = process.memoryUsage().rss
    const { failure, values } = await readUntilFailure(textFile(path))
    expect(values).toEqual(['a'])
    expect(failure).toMatchObject({
      code: 'ERR_RECORD_TOO_LARGE',
      message: expect.stringContaining('larger than 1048576 bytes'),
      context: { line: 2 },
    })
    expect(process.memoryUsage().rss - before).toBeLessThan(200_000_000)
  })

  it('is refused when a few bytes unpack to it', async () => {
    const bomb = folder.file('bomb.gz')
    const tenMegabytes = zlib.gzipSync(Buffer.alloc(10_000_000))
    writeFileSync(bomb, Buffer.concat(Array.from({ length: 100 }, () => tenMegabytes)))
    const before = process.memoryUsage().rss
    const { failure } = await readUntilFailure(textFile(bomb, { maxLineBytes: 5_000_000 }))
    expect(failure).toMatchObject({ code: 'ERR_RECORD_TOO_LARGE', message: expect.stringContaining('larger than 5000000 bytes') })
    expect(process.memoryUsage().rss - before).toBeLessThan(300_000_000)
  })
})

const shared = new TemporaryFolder()
process.on('exit', () => shared[Symbol.dispose]())
const few = lines.slice(0, 24)

for (const [form, pack] of forms) {
  const path = shared.file(form, pack(few.join('\n')))
  sourceSuite(`textFile of ${form}`, {
    create: () => textFile(path),
    expected: [{ partition: path, records: few.map((value, timestamp) => ({ value, timestamp })) }],
    runs: 15,
    ...PATIENT_SUITE,
  })
}
