import { appendFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Follower } from '../fixture/follow.ts'
import { PATIENCE_MS } from '../fixture/property-settings.ts'
import { CONTEXT, Collected, readAll, readToEnd, readUntilFailure } from '../fixture/read-partition.ts'
import { hello, hellos, numbers, numbersOf, TestedStreamFile } from '../fixture/stream-files.ts'
import { TemporaryFolder } from '../fixture/temporary-folder.ts'
import type { StreamMessage } from '../stream/stream-message.ts'
import { encodeHeader, HEADER_BYTES } from './format.ts'
import { endStreamFile } from './repair-stream-file.ts'
import { type StreamFileStart, streamFile } from './stream-file.ts'
import { noStreams, StreamFileEncoder, type WrittenStreams } from './stream-file-encoder.ts'
import { verifyStreamFile } from './verify-stream-file.ts'

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

const INTERVAL = 4096

/** The bytes of a file of these messages; `sessions` forget, as SeaStreamer does, what the ones before them wrote. */
function fileOf(interval: number, ...sessions: readonly (readonly StreamMessage[])[]): Buffer {
  const parts = [encodeHeader({ fileName: 'x.ss', createdAt: 0, beaconIntervalBytes: interval })]
  let written: WrittenStreams = noStreams(interval)
  for (const messages of sessions) {
    const encoder = new StreamFileEncoder({ ...written, markers: 0, streams: [] })
    for (const message of messages) parts.push(encoder.encode(message))
    written = encoder.written
  }
  return Buffer.concat(parts)
}

const messageOf = (i: number, key = 'hello', payloadBytes = 100): StreamMessage => ({
  key,
  shard: 0n,
  sequence: BigInt(i + 1),
  timestamp: 1000 + i,
  payload: Buffer.from(`${key} ${i} ${'x'.repeat(payloadBytes)}`),
})
const messagesOf = (count: number) => numbers(0, count).map((i) => messageOf(i))
const from = async (start: StreamFileStart, keys?: readonly string[]) =>
  numbersOf((await readAll(streamFile(path, { start, ...(keys === undefined ? {} : { keys }) }))).values)

/** Makes what stands at `offset` unreadable. */
function damage(offset: number): void {
  const bytes = readFileSync(path)
  bytes.fill(0xff, offset, offset + 50)
  writeFileSync(path, bytes)
}

describe('reading that begins in the middle', () => {
  it('is what reading everything and leaving out what is before gives, whatever is in the file', async () => {
    const message = fc.record({
      key: fc.constantFrom('a', 'b', 'c'),
      shard: fc.bigInt({ min: 0n, max: 1n }),
      sequence: fc.bigInt({ min: 0n, max: 60n }),
      timestamp: fc.nat({ max: 60 }),
      payload: fc.nat({ max: 2500 }).map((length) => Buffer.alloc(length, 'p')),
    })
    const start = fc.oneof(
      fc.record({ sequence: fc.bigInt({ min: 0n, max: 62n }) }),
      fc.record({ timestamp: fc.integer({ min: -1, max: 62 }) }),
      fc.constant('end' as const),
    )
    const property = fc.asyncProperty(
      fc.array(message, { maxLength: 60 }),
      start,
      fc.constantFrom(128, 1024, 2048, INTERVAL),
      fc.constantFrom(undefined, ['a'], ['b', 'c']),
      async (messages, start, interval, keys) => {
        writeFileSync(path, fileOf(interval, messages))
        const wanted = messages.filter(({ key }) => keys?.some((wanted) => wanted === key) ?? true)
        const first = wanted.findIndex(({ sequence, timestamp }) => {
          if (start === 'end') return false
          return 'sequence' in start ? sequence >= start.sequence : timestamp >= start.timestamp
        })
        const { values, records } = await readAll(streamFile(path, { start, ...(keys === undefined ? {} : { keys }) }))
        expect(values).toEqual(first < 0 ? [] : wanted.slice(first))
        expect(records.map(({ timestamp }) => timestamp)).toEqual(numbers(0, values.length))
      },
    )
    await fc.assert(property, { numRuns: 200, interruptAfterTimeLimit: 8000 })
  })

  it.each<[start: StreamFileStart, first: number]>([
    [{ sequence: 900n }, 899],
    [{ timestamp: 1900 }, 900],
    ['end', 1000],
  ])('at %o reads little of what is before', async (start, first) => {
    writeFileSync(path, fileOf(INTERVAL, messagesOf(1000)))
    damage(20 * INTERVAL + 2000)
    expect(await from(start)).toEqual(numbers(first, 1000))
    const { failure } = await readUntilFailure(streamFile(path))
    expect(failure).toMatchObject({ code: 'ERR_RECORD_INVALID' })
  })

  it('of some streams is not kept from it by the numbers of others', async () => {
    const other = (i: number) => ({ ...messageOf(i, 'other'), sequence: BigInt(10_000 + i) })
    writeFileSync(
      path,
      fileOf(
        INTERVAL,
        numbers(0, 1000).map((i) => (i % 2 === 0 ? messageOf(i) : other(i))),
      ),
    )
    damage(20 * INTERVAL + 2000)
    expect(await from({ sequence: 900n }, ['hello'])).toEqual(numbers(899, 1000).filter((i) => i % 2 === 0))
  })

  it('begins behind the message that a beacon stands in, however many beacons that takes', async () => {
    const [large, last] = [messageOf(1, 'hello', 5 * INTERVAL), messageOf(2)]
    writeFileSync(path, fileOf(INTERVAL, [messageOf(0), large, last]))
    expect((await verifyStreamFile(path)).beacons).toBe(5)
    damage(HEADER_BYTES + 50)
    expect(await from({ sequence: 3n })).toEqual([2])
    expect(await from('end')).toEqual([])
    // The large one may be the first that is wanted: then nothing tells without reading from the beginning.
    const { failure } = await readUntilFailure(streamFile(path, { start: { sequence: 2n } }))
    expect(failure).toMatchObject({ code: 'ERR_RECORD_INVALID' })
  })

  it('is continued exactly, also when a restart comes before the first message', async () => {
    writeFileSync(path, fileOf(INTERVAL, messagesOf(300)))
    const source = streamFile(path, { start: { sequence: 250n } })
    for (const taken of [0, 1, 20]) {
      const first = new Collected<StreamMessage>()
      const opened = await source.openPartition(path, undefined, CONTEXT)
      while (first.records.length < taken) if (opened.poll(first, 1) === 'idle') await opened.ready()
      const state = structuredClone(opened.snapshot())
      await opened.close()
      const second = await source.openPartition(path, state, CONTEXT)
      await readToEnd(second, first)
      await second.close()
      expect(numbersOf(first.values)).toEqual(numbers(249, 300))
      expect(first.records.map(({ timestamp }) => timestamp)).toEqual(numbers(0, 51))
    }
  })

  it('does not trust beacons of a writer that had forgotten what was in the file', async () => {
    const early = [...numbers(0, 120).map((i) => messageOf(i, 'a')), ...numbers(500, 502).map((i) => messageOf(i, 'a'))]
    const later = numbers(0, 300).map((i) => messageOf(i, 'b'))
    writeFileSync(path, fileOf(INTERVAL, early, later))
    const { values } = await readAll(streamFile(path, { start: { sequence: 400n } }))
    expect(values).toHaveLength(2 + 300)
    expect(values[0]).toMatchObject({ key: 'a', sequence: 501n })
  })

  it('reads everything where beacons have no room for all streams', async () => {
    const keys = numbers(0, 12).map((i) => `stream-${i}`)
    writeFileSync(
      path,
      fileOf(
        INTERVAL,
        numbers(0, 600).map((i) => messageOf(i, keys[i % 12])),
      ),
    )
    expect(await from({ sequence: 500n })).toEqual(numbers(499, 600))
    expect(await from({ sequence: 500n }, ['stream-7'])).toEqual(numbers(499, 600).filter((i) => i % 12 === 7))
  })

  it('finds nothing beyond the end, and waits for it if the file is followed', async () => {
    await file.write(hellos(0, 10))
    expect(await from({ sequence: 12n })).toEqual([])
    await using follower = await Follower.open(streamFile(path, { start: { sequence: 12n }, follow: true, pollIntervalMs: 2 }), path)
    await file.write(hellos(10, 13), { append: true })
    expect(numbersOf(await follower.values(2))).toEqual([11, 12])
  })

  it('may be a compressed file, which is read up to there', async () => {
    writeFileSync(folder.file('x.ss.gz'), gzipSync(fileOf(INTERVAL, messagesOf(300))))
    path = folder.file('x.ss.gz')
    expect(await from({ timestamp: 1290 })).toEqual(numbers(290, 300))
  })

  it('says what is wrong with the file, as reading from the beginning does', async () => {
    for (const start of [{ sequence: 5n }, { timestamp: 5 }, 'end'] as const) {
      await expect(readAll(streamFile(folder.file('none.ss'), { start }))).rejects.toMatchObject({ code: 'ERR_FILE' })
      const text = folder.file('text.ss', 'some text that is no stream file'.repeat(10))
      await expect(readAll(streamFile(text, { start }))).rejects.toMatchObject({
        code: 'ERR_RECORD_INVALID',
        message: expect.stringContaining('does not begin as a stream file'),
      })
    }
  })
})

describe('reading that begins at the end', () => {
  const following = { start: 'end', follow: true, pollIntervalMs: 2 } as const

  it('gives what comes after it, also of a message that is half there', async () => {
    writeFileSync(path, fileOf(INTERVAL, messagesOf(100)))
    const whole = readFileSync(path)
    truncateSync(path, whole.length - 30)
    await using follower = await Follower.open(streamFile(path, following), path)
    appendFileSync(path, whole.subarray(whole.length - 30))
    await file.write([hello(100)], { append: true })
    expect(numbersOf(await follower.values(2))).toEqual([99, 100])
  })

  it('ends with a stream that has ended, and goes on where the mark of its end was', async () => {
    await file.write(hellos(0, 20))
    await endStreamFile(path)
    const follower = await Follower.open(streamFile(path, following), path)
    expect(await follower.finished()).toEqual([])
    const state = structuredClone(follower.partition.snapshot())
    await follower.partition.close()
    await file.write(hellos(20, 22), { append: true })
    await using again = await Follower.open(streamFile(path, following), path, state)
    expect(numbersOf(await again.values(2))).toEqual([20, 21])
  })

  it('of a file that is new is its beginning', async () => {
    await file.write(hellos(0, 3))
    const source = streamFile(path, { start: 'end' })
    const output = new Collected<StreamMessage>()
    const opened = await source.openPartition(path, undefined, { ...CONTEXT, discovered: true })
    await readToEnd(opened, output)
    await opened.close()
    expect(numbersOf(output.values)).toEqual([0, 1, 2])
  })
})
