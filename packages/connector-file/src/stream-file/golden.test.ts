import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { readAll } from '../fixture/read-partition.ts'
import type { StreamMessage } from '../stream/stream-message.ts'
import { crc16, runningCrc16 } from './crc16.ts'
import { decodeHeader, encodeHeader, HEADER_BYTES, headerOf, isEndOfStream, markersMax, type StreamFileHeader } from './format.ts'
import { streamFile } from './stream-file.ts'
import { StreamFileDecoder } from './stream-file-decoder.ts'
import { noStreams, StreamFileEncoder } from './stream-file-encoder.ts'
import { verifyStreamFile } from './verify-stream-file.ts'

/*
 * The golden files were written by SeaStreamer 1.0.0-rc.2 (`MessageSink`): 40 messages of three streams and two shards, some
 * with up to 3 kB, with beacons every 128, 640 and 1024 bytes, the first three with the mark of the end.
 */
const goldenPath = (name: string) => fileURLToPath(new URL(`../fixture/seastreamer-${name}.golden.ss`, import.meta.url))

function messageOf(i: number): Omit<StreamMessage, 'payload'> & { payload: string } {
  const key = ['cat', 'dog', 'a-longer.stream_key'][i % 3] as string
  const payload = i % 7 === 3 ? String.fromCharCode(i).repeat((i * 37) % 3000) : `{"i":${i},"t":"größe"}`
  return { key, shard: BigInt(i % 2), sequence: BigInt(Math.floor(i / 3) + 1), timestamp: 1_700_000_000_000 + i * 1001, payload }
}

const expected = Array.from({ length: 40 }, (_, i) => messageOf(i))
const readable = (messages: readonly StreamMessage[]) => messages.map((message) => ({ ...message, payload: String(message.payload) }))

function decode(bytes: Buffer, chunkBytes: number): { header: StreamFileHeader; messages: StreamMessage[] } {
  const decoder = new StreamFileDecoder({ path: 'golden', maxMessageBytes: 10_000, offset: 0 })
  const messages: StreamMessage[] = []
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    decoder.push(bytes.subarray(at, at + chunkBytes))
    for (let message = decoder.next(); message !== undefined; message = decoder.next()) messages.push(message)
  }
  expect(decoder.waitingBytes).toBe(0)
  expect(decoder.offset).toBe(bytes.length)
  return { header: decoder.header as StreamFileHeader, messages }
}

describe.each([
  ['128', 128, true],
  ['640', 640, true],
  ['1024', 1024, true],
  ['open', 1024, false],
])('a file that SeaStreamer wrote: %s', (name, beaconIntervalBytes, hasEnd) => {
  const bytes = readFileSync(goldenPath(name))

  it.each([1, 7, 100, 1024, 100_000])('is read in chunks of %d bytes', (chunkBytes) => {
    const { header, messages } = decode(bytes, chunkBytes)
    expect(header.beaconIntervalBytes).toBe(beaconIntervalBytes)
    expect(readable(messages.slice(0, 40))).toEqual(expected)
    expect(messages.slice(40).map(isEndOfStream)).toEqual(hasEnd ? [true] : [])
  })

  it('is written byte for byte', () => {
    const { header, messages } = decode(bytes, 1000)
    const encoder = new StreamFileEncoder(noStreams(beaconIntervalBytes))
    const written = [encodeHeader(header), ...messages.map((message) => encoder.encode(message))]
    expect(Buffer.concat(written).equals(bytes)).toBe(true)
    expect(encoder.length).toBe(bytes.length)
  })

  it('is written byte for byte, however often the writer is started anew', () => {
    const { header, messages } = decode(bytes, 1000)
    let state = noStreams(beaconIntervalBytes)
    const written = [encodeHeader(header)]
    for (const message of messages) {
      const encoder = new StreamFileEncoder(structuredClone(state))
      written.push(encoder.encode(message))
      state = encoder.written
    }
    expect(Buffer.concat(written).equals(bytes)).toBe(true)
  })

  it('is sound', async () => {
    const report = await verifyStreamFile(goldenPath(name))
    expect(report).toMatchObject({
      bytes: bytes.length,
      soundBytes: bytes.length,
      messages: 40,
      beaconsThatDiffer: 0,
      state: hasEnd ? 'ended' : 'open',
      header: { fileName: name === 'open' ? 'open.ss' : `g${name}.ss`, beaconIntervalBytes },
    })
    expect(report.beacons).toBeGreaterThanOrEqual(Math.floor(bytes.length / beaconIntervalBytes) - 1)
    expect(report.streams.find(({ key, shard }) => key === 'dog' && shard === 0n)).toEqual({
      key: 'dog',
      shard: 0n,
      messages: 6,
      firstSequence: 2n,
      lastSequence: 12n,
      firstTimestamp: 1_700_000_004_004,
      lastTimestamp: 1_700_000_034_034,
    })
  })

  it('is a source', async () => {
    expect(readable((await readAll(streamFile(goldenPath(name)))).values)).toEqual(expected)
  })
})

describe('the format', () => {
  it('has the checksum CRC-16/CDMA2000', () => {
    expect(crc16(Buffer.from('123456789'))).toBe(0x4c06)
    expect(crc16(Buffer.from('abcd'), crc16(Buffer.from('123456789')))).toBe(0xa106)
    expect(runningCrc16(0xffff, 0x3132)).toBe(crc16(Buffer.from('12')))
  })

  it('has room for few markers in a beacon', () => {
    expect([128, 570, 571, 640, 1024, 1024 * 1024].map(markersMax)).toEqual([0, 0, 1, 1, 1, 127])
  })

  it('cuts a name that is too long for the header', () => {
    const header = headerOf(`/x/${'ä'.repeat(100)}.ss`, 1, 1024)
    expect(Buffer.byteLength(header.fileName)).toBe(110)
    expect(decodeHeader(encodeHeader(header))).toEqual(header)
    expect(encodeHeader(header)).toHaveLength(HEADER_BYTES)
  })

  it.each<[change: (header: Buffer) => void, problem: RegExp]>([
    [(header) => header.set([0x1f], 0), /does not begin as a stream file/],
    [(header) => header.set([2], 2), /of version 2, and only version 1/],
    [(header) => header.set([200], 3), /name in its header is longer/],
    [(header) => header.fill(0, 4), /beacons are 0 bytes apart/],
  ])('refuses a header that is none: %#', (change, problem) => {
    const header = encodeHeader(headerOf('x.ss', 1, 1024))
    change(header)
    expect(decodeHeader(header)).toMatch(problem)
  })
})
