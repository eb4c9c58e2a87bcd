import { appendFileSync, readFileSync, renameSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Follower } from '../fixture/follow.ts'
import { PATIENCE_MS } from '../fixture/property-settings.ts'
import { readAll } from '../fixture/read-partition.ts'
import { hello, hellos, numbers, numbersOf, TestedStreamFile, writeTo } from '../fixture/stream-files.ts'
import { TemporaryFolder } from '../fixture/temporary-folder.ts'
import type { NewStreamMessage, StreamMessage } from '../stream/stream-message.ts'
import { HEADER_BYTES } from './format.ts'
import { endStreamFile } from './repair-stream-file.ts'
import { type StreamFileOptions, streamFile } from './stream-file.ts'
import { StreamFileDecoder } from './stream-file-decoder.ts'
import { noStreams, StreamFileEncoder } from './stream-file-encoder.ts'
import { type ToStreamFileOptions, toStreamFile } from './to-stream-file.ts'
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

describe('what is written', () => {
  it('is read, numbered from 1 in each shard of each stream', async () => {
    await file.write([
      { key: 'a', payload: 'x', timestamp: 5 },
      { key: 'b', payload: Buffer.from([0, 255]), timestamp: 6 },
      { key: 'a', shard: 2n ** 64n - 1n, payload: '', timestamp: 7 },
      { key: 'a', payload: 'y', timestamp: 8 },
      { key: 'a', payload: 'z', timestamp: 9, sequence: 10n },
      { key: 'a', payload: 'z', timestamp: 9 },
    ])
    const { records } = await readAll(streamFile(path))
    expect(
      records.map(({ value, timestamp }) => [value.key, value.shard, value.sequence, value.timestamp, value.payload.length, timestamp]),
    ).toEqual([
      ['a', 0n, 1n, 5, 1, 0],
      ['b', 0n, 1n, 6, 2, 1],
      ['a', 2n ** 64n - 1n, 1n, 7, 0, 2],
      ['a', 0n, 2n, 8, 1, 3],
      ['a', 0n, 10n, 9, 1, 4],
      ['a', 0n, 11n, 9, 1, 5],
    ])
  })

  it('is read whatever it is, and however its bytes come', () => {
    const message = fc.record({
      key: fc.string({ unit: fc.constantFrom(...'aZ0._-'), minLength: 1, maxLength: 249 }),
      shard: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      sequence: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      timestamp: fc.maxSafeNat(),
      payload: fc.uint8Array({ maxLength: 700 }).map((bytes) => Buffer.from(bytes)),
    })
    const messages = fc.array(message, { maxLength: 20 })
    const property = fc.property(
      messages,
      fc.constantFrom(128, 640, 1024, 4096),
      fc.integer({ min: 1, max: 3000 }),
      (messages, interval, chunkBytes) => {
        const encoder = new StreamFileEncoder(noStreams(interval))
        const bytes = Buffer.concat(messages.map((message) => encoder.encode(message)))
        const header = { fileName: '', createdAt: 0, beaconIntervalBytes: interval }
        const decoder = new StreamFileDecoder({ path: '', maxMessageBytes: 1000, offset: HEADER_BYTES, header })
        const decoded: StreamMessage[] = []
        for (let at = 0; at < bytes.length; at += chunkBytes) {
          decoder.push(bytes.subarray(at, at + chunkBytes))
          for (let next = decoder.next(); next !== undefined; next = decoder.next()) decoded.push(next)
        }
        expect(decoded).toEqual(messages)
        expect([decoder.waitingBytes, decoder.offset]).toEqual([0, encoder.length])
      },
    )
    fc.assert(property, { numRuns: 100 })
  })

  it('appears after the mark of the end was replaced', async () => {
    for (const part of [0, 1, 2]) {
      await file.write(hellos(part * 10, part * 10 + 10), { append: true })
      await endStreamFile(path)
      await endStreamFile(path)
    }
    expect(await file.numbers()).toEqual(numbers(0, 30))
    expect(await verifyStreamFile(path)).toMatchObject({ state: 'ended', messages: 30, beaconsThatDiffer: 0 })
    expect((await readAll(streamFile(path))).values.map(({ sequence }) => Number(sequence))).toEqual(numbers(1, 31))
  })

  it('goes on with the interval of beacons that the file has', async () => {
    await file.write(hellos(0, 10), { beaconIntervalBytes: 2048 })
    const state = await file.write(hellos(10, 20), { append: true, beaconIntervalBytes: 1024 })
    expect(state.beaconIntervalBytes).toBe(2048)
    expect(await verifyStreamFile(path)).toMatchObject({ state: 'open', messages: 20, beaconsThatDiffer: 0, soundBytes: state.length })
  })

  it('may be a message much larger than the distance of beacons', async () => {
    await file.write([{ key: 'a', payload: Buffer.alloc(1_000_000, 1) }, hello(1)])
    expect((await readAll(streamFile(path))).values.map(({ payload }) => payload.length)).toEqual([1_000_000, 'hello 1 '.length + 97])
  })
})

describe('a message that cannot be written', () => {
  it.each<[message: NewStreamMessage, options: ToStreamFileOptions, code: string, problem: RegExp]>([
    [{ key: '', payload: '' }, {}, 'ERR_RECORD_INVALID', /"" is not the key of a stream/],
    [{ key: 'k'.repeat(250), payload: '' }, {}, 'ERR_RECORD_INVALID', /not the key/],
    [{ key: 'SEA_STREAMER_INTERNAL', payload: '' }, {}, 'ERR_RECORD_INVALID', /not the key/],
    [{ key: 'a', payload: '', shard: -1n }, {}, 'ERR_RECORD_INVALID', /not bigints in 64 bits/],
    [{ key: 'a', payload: '', sequence: 2n ** 64n }, {}, 'ERR_RECORD_INVALID', /not bigints in 64 bits/],
    [{ key: 'a', payload: '', timestamp: -1 }, {}, 'ERR_RECORD_INVALID', /-1 is no timestamp/],
    [{ key: 'a', payload: '12345' }, { maxMessageBytes: 4 }, 'ERR_RECORD_TOO_LARGE', /has 5 bytes, and 4 are allowed/],
    [{ key: 'a', payload: 'x'.repeat(100) }, { maxFileBytes: 200 }, 'ERR_FILE', /has reached its limit of 200 bytes/],
  ])('is an error, and the file goes on without it: %#', async (message, options, code, problem) => {
    const partition = await file.open(options)
    expect(() => partition.write(message, undefined, 0)).toThrow(expect.objectContaining({ code, message: expect.stringMatching(problem) }))
    await writeTo(partition, [{ key: 'a', payload: '1' }])
    await partition.close()
    expect(await verifyStreamFile(path)).toMatchObject({ state: 'open', messages: 1 })
  })
})

describe('a file', () => {
  it('that exists is refused, replaced or written on', async () => {
    await file.write(hellos(0, 2))
    await expect(file.open()).rejects.toMatchObject({ code: 'ERR_FILE', message: expect.stringContaining('it exists already') })
    await file.write(hellos(5, 6), { overwrite: true })
    expect(await file.numbers()).toEqual([5])
    await file.write(hellos(6, 7), { append: true })
    expect(await file.numbers()).toEqual([5, 6])
  })

  it('that is no sound stream file is not written on', async () => {
    writeFileSync(path, 'some text that is no stream file'.repeat(10))
    await expect(file.open({ append: true })).rejects.toMatchObject({
      code: 'ERR_FILE',
      message: expect.stringContaining('does not begin as a stream file'),
    })
    await file.write(hellos(0, 2), { overwrite: true })
    truncateSync(path, statSync(path).size - 1)
    await expect(file.open({ append: true })).rejects.toMatchObject({
      message: expect.stringMatching(/ends in the middle of a message.*repairStreamFile/),
    })
  })

  it('is cut to the length of the snapshot when the job starts again', async () => {
    const first = await file.open()
    const state = await writeTo(first, hellos(0, 20))
    await writeTo(first, hellos(90, 99))
    await first.close()
    const second = await file.open({}, state, 2)
    await writeTo(second, hellos(20, 40))
    await second.close()
    expect(await file.numbers()).toEqual(numbers(0, 40))
    expect(await verifyStreamFile(path)).toMatchObject({ state: 'open', beaconsThatDiffer: 0 })
  })

  it.each([
    [{ beaconIntervalBytes: 1000 }, /multiple of 1024/],
    [{ beaconIntervalBytes: 0 }, /beaconIntervalBytes is 0/],
    [{ maxFileBytes: -1 }, /maxFileBytes is -1/],
    [{ append: true, overwrite: true }, /append and overwrite exclude each other/],
  ])('is asked for with options that make sense: %#', (options, problem) => {
    expect(() => toStreamFile(path, options)).toThrow(problem)
  })
})

describe('a file that is read', () => {
  it('gives the streams that are wanted', async () => {
    await file.write(['a', 'b', 'c', 'a'].map((key, i) => ({ ...hello(i), key })))
    expect(await file.numbers({ keys: ['a', 'c'] })).toEqual([0, 2, 3])
  })

  it.each<[start: StreamFileOptions['start'], first: number]>([
    ['beginning', 0],
    [{ sequence: 0n }, 0],
    [{ sequence: 6n }, 5],
    [{ timestamp: 1007 }, 7],
    [{ timestamp: 1006.5 }, 7],
    [{ sequence: 31n }, 30],
    [{ timestamp: 5000 }, 30],
  ])('begins at %o', async (start, first) => {
    await file.write(hellos(0, 30))
    expect(await file.numbers({ start: start as 'beginning' })).toEqual(numbers(first, 30))
  })

  it('begins only once, also if nothing has come before a restart', async () => {
    await file.write(hellos(0, 10))
    const options: StreamFileOptions = { start: { sequence: 12n }, follow: true, pollIntervalMs: 2 }
    const first = await Follower.open(streamFile(path, options), path)
    await first.values(0)
    const state = first.partition.snapshot()
    await first.partition.close()
    await file.write(hellos(10, 14), { append: true })
    await using second = await Follower.open(streamFile(path, options), path, state)
    expect(numbersOf(await second.values(3))).toEqual([11, 12, 13])
  })

  it('may be compressed, and continued', async () => {
    await file.write(hellos(0, 40))
    writeFileSync(folder.file('x.ss.gz'), gzipSync(readFileSync(path)))
    path = folder.file('x.ss.gz')
    expect(await new TestedStreamFile(path).numbers()).toEqual(numbers(0, 40))
    const partition = await Follower.open(streamFile(path), path)
    while (partition.output.records.length < 25) {
      if (partition.partition.poll(partition.output, 5) === 'idle') await partition.partition.ready()
    }
    const state = structuredClone(partition.partition.snapshot())
    await partition.partition.close()
    expect(numbersOf((await readAll(streamFile(path), path, state)).values)).toEqual(numbers(25, 40))
  })

  it('is asked for with options that make sense', () => {
    expect(() => streamFile('x', { start: 'middle' as 'beginning' })).toThrow(/start is 'beginning', 'end', \{ sequence/)
    expect(() => streamFile('x', { start: { timestamp: Number.NaN } })).toThrow(/start is 'beginning'/)
    expect(() => streamFile('x', { keys: ['a b'] })).toThrow(/"a b" is not the key/)
  })
})

describe('a file that is followed', () => {
  const following = { follow: true, pollIntervalMs: 2 }

  it('gives messages when they are whole, and ends with the mark of the end', async () => {
    await file.write(hellos(0, 30))
    const whole = readFileSync(path)
    writeFileSync(path, whole.subarray(0, 50))
    await using follower = await Follower.open(streamFile(path, following), path)
    let known = 50
    for (const bytes of [HEADER_BYTES, 150, 1023, 1024, 1025, 1030, 3000, whole.length]) {
      appendFileSync(path, whole.subarray(known, bytes))
      known = bytes
      const report = await verifyStreamFile(path)
      expect(numbersOf(await follower.values(report.messages))).toEqual(numbers(0, report.messages))
    }
    await endStreamFile(path)
    expect(numbersOf(await follower.finished())).toEqual(numbers(0, 30))
    const state = follower.partition.snapshot()
    expect(state).toMatchObject({ index: 30, finished: true })
    await file.write(hellos(30, 33), { append: true })
    await using again = await Follower.open(streamFile(path, following), path, state)
    expect(numbersOf(await again.values(3))).toEqual([30, 31, 32])
  })

  it('gives way to the file that gets its name', async () => {
    await file.write(hellos(0, 3))
    await using follower = await Follower.open(streamFile(path, following), path)
    await follower.values(3)
    renameSync(path, folder.file('old.ss'))
    await file.write(hellos(3, 6))
    expect(numbersOf(await follower.values(6))).toEqual(numbers(0, 6))
  })
})
