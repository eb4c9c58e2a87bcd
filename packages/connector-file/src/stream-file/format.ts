import { isUtf8 } from 'node:buffer'
import { basename } from 'node:path'
import { MalstromError } from '@malstrom/core'
import { isStreamKey, type StreamMessage } from '../stream/stream-message.ts'

/*
 * The stream file of SeaStreamer, version 1. All numbers are big endian.
 *
 *   file    := header (message | beacon)*
 *   header  := 53 73 01 | text name | u64 created at, ms | u32 beacon interval | zeroes up to byte 127 | 0D
 *   message := text key | u64 shard | u64 sequence | u64 timestamp, ms | u32 size | payload | u16 crc of the payload | 0D
 *   beacon  := 0D | u32 bytes of the message around it that are still to come | u8 n | n * marker | 0D
 *   marker  := text key | u64 shard | u64 sequence | u64 timestamp | u16 running crc
 *   text    := u8 length | UTF-8
 *
 * A beacon begins at every multiple of the interval, also in the middle of a message.
 */

export const HEADER_BYTES = 128
export const END_BYTE = 0x0d
/** Key, shard, sequence, timestamp, checksum. */
const MARKER_BYTES_MAX = 256 + 8 + 8 + 8 + 2
const BEACON_BYTES_MIN = 7
export const BEACON_BYTES_MAX = BEACON_BYTES_MIN + 255 * MARKER_BYTES_MAX
/** What a message has around its key and its payload. */
export const MESSAGE_FRAME_BYTES = 1 + 8 + 8 + 8 + 4 + 2 + 1
/** Magic, length of the name, time, interval, end. */
const NAME_BYTES_MAX = HEADER_BYTES - 3 - 1 - 8 - 4 - 1

/** The stream of messages about the file itself, which readers do not see. */
export const INTERNAL_KEY = 'SEA_STREAMER_INTERNAL'
const END_OF_STREAM = Buffer.from('EOS')

export interface StreamFileHeader {
  /** The name the file had when it was made; cut after 111 bytes. */
  readonly fileName: string
  /** Milliseconds since 1970. */
  readonly createdAt: number
  readonly beaconIntervalBytes: number
}

/** What a beacon tells of one shard of a stream: what it had before the beacon. */
export interface StreamMarker {
  readonly key: string
  readonly shard: bigint
  /** The largest so far. */
  readonly sequence: bigint
  /** The largest so far, in milliseconds since 1970. */
  readonly timestamp: number
  /** Of the checksums of its messages, one after the other. */
  readonly runningChecksum: number
}

export interface StreamBeacon {
  /** Where it begins in the file. */
  readonly offset: number
  /** How much of the message around it is still to come. */
  readonly remainingBytes: number
  readonly markers: readonly StreamMarker[]
}

export function endOfStream(timestamp: number): StreamMessage {
  return { key: INTERNAL_KEY, shard: 0n, sequence: 0n, timestamp, payload: END_OF_STREAM }
}

export function isEndOfStream({ key, payload }: StreamMessage): boolean {
  return key === INTERNAL_KEY && END_OF_STREAM.equals(payload)
}

/** How many markers a beacon has at most, so that it takes at most half of the interval. */
export function markersMax(beaconIntervalBytes: number): number {
  return Math.floor(Math.min(255, Math.floor((beaconIntervalBytes - BEACON_BYTES_MIN) / MARKER_BYTES_MAX)) / 2)
}

export function headerOf(path: string, createdAt: number, beaconIntervalBytes: number): StreamFileHeader {
  let fileName = basename(path)
  while (Buffer.byteLength(fileName) > NAME_BYTES_MAX) fileName = [...fileName].slice(0, -1).join('')
  return { fileName, createdAt, beaconIntervalBytes }
}

export function encodeHeader({ fileName, createdAt, beaconIntervalBytes }: StreamFileHeader): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES)
  bytes.set([0x53, 0x73, 0x01])
  const at = writeText(bytes, fileName, 3)
  bytes.writeBigUInt64BE(BigInt(createdAt), at)
  bytes.writeUInt32BE(beaconIntervalBytes, at + 8)
  bytes[HEADER_BYTES - 1] = END_BYTE
  return bytes
}

/** What is wrong with the first 128 bytes as a string, or the header. */
export function decodeHeader(bytes: Buffer): StreamFileHeader | string {
  if (bytes[0] !== 0x53 || bytes[1] !== 0x73) return 'it does not begin as a stream file does'
  if (bytes[2] !== 0x01) return `it is a stream file of version ${bytes[2]}, and only version 1 is known`
  const nameBytes = bytes[3] as number
  if (nameBytes > NAME_BYTES_MAX) return 'the name in its header is longer than the header'
  const at = 4 + nameBytes
  const beaconIntervalBytes = bytes.readUInt32BE(at + 8)
  if (beaconIntervalBytes < HEADER_BYTES)
    return `its header says that beacons are ${beaconIntervalBytes} bytes apart, and there are at least ${HEADER_BYTES}`
  return { fileName: bytes.toString('utf8', 4, at), createdAt: Number(bytes.readBigUInt64BE(at)), beaconIntervalBytes }
}

/** A message as it is without beacons in between. `checksum` is that of the payload. */
export function encodeMessage({ key, shard, sequence, timestamp, payload }: StreamMessage, checksum: number): Buffer {
  const bytes = Buffer.allocUnsafe(MESSAGE_FRAME_BYTES + key.length + payload.length)
  const at = writeHead(bytes, key, shard, sequence, timestamp, 0)
  bytes.writeUInt32BE(payload.length, at)
  bytes.set(payload, at + 4)
  bytes.writeUInt16BE(checksum, at + 4 + payload.length)
  bytes[bytes.length - 1] = END_BYTE
  return bytes
}

export function encodeBeacon(remainingBytes: number, markers: readonly StreamMarker[]): Buffer {
  const bytes = Buffer.allocUnsafe(BEACON_BYTES_MIN + markers.reduce((sum, { key }) => sum + 27 + key.length, 0))
  bytes[0] = END_BYTE
  bytes.writeUInt32BE(remainingBytes, 1)
  bytes[5] = markers.length
  let at = 6
  for (const { key, shard, sequence, timestamp, runningChecksum } of markers) {
    at = writeHead(bytes, key, shard, sequence, timestamp, at)
    at = bytes.writeUInt16BE(runningChecksum, at)
  }
  bytes[at] = END_BYTE
  return bytes
}

/** A beacon, and where in `bytes` it ends. */
export interface DecodedBeacon {
  readonly beacon: StreamBeacon
  readonly end: number
}

/**
 * The beacon at `start` of `bytes`, which is `offset` in the file: `undefined` if it is not all there, or what is wrong with it. It
 * is smaller than the interval, so no other one can begin in it.
 */
export function decodeBeacon(
  bytes: Buffer,
  start: number,
  offset: number,
  beaconIntervalBytes: number,
): DecodedBeacon | string | undefined {
  if (start + 6 > bytes.length) return undefined
  if (bytes[start] !== END_BYTE) return 'there is no beacon'
  const markers: StreamMarker[] = []
  let at = start + 6
  for (let left = bytes[start + 5] as number; left > 0; left--) {
    const keyEnd = at + 1 + (bytes[at] ?? 0)
    const end = keyEnd + 8 + 8 + 8 + 2
    if (end > bytes.length) return undefined
    const key = bytes.subarray(at + 1, keyEnd)
    if (!isUtf8(key) || !isStreamKey(key.toString())) return 'a beacon names what is no stream'
    markers.push({
      key: key.toString(),
      shard: bytes.readBigUInt64BE(keyEnd),
      sequence: bytes.readBigUInt64BE(keyEnd + 8),
      timestamp: Number(bytes.readBigUInt64BE(keyEnd + 16)),
      runningChecksum: bytes.readUInt16BE(keyEnd + 24),
    })
    at = end
  }
  if (at >= bytes.length) return undefined
  if (bytes[at] !== END_BYTE || at + 1 - start >= beaconIntervalBytes) return 'a beacon does not end where it should'
  return { beacon: { offset, remainingBytes: bytes.readUInt32BE(start + 1), markers }, end: at + 1 }
}

function writeHead(bytes: Buffer, key: string, shard: bigint, sequence: bigint, timestamp: number, start: number): number {
  let at = writeText(bytes, key, start)
  at = bytes.writeBigUInt64BE(shard, at)
  at = bytes.writeBigUInt64BE(sequence, at)
  at = bytes.writeUInt32BE(Math.floor(timestamp / 2 ** 32), at)
  return bytes.writeUInt32BE(timestamp % 2 ** 32, at)
}

function writeText(bytes: Buffer, text: string, at: number): number {
  const length = bytes.write(text, at + 1)
  bytes[at] = length
  return at + 1 + length
}

/** Something in the file at `offset` is not as it must be. */
export function damaged(path: string, offset: number, problem: string): MalstromError {
  const hint =
    'verifyStreamFile (malstrom stream-file) says how much of the file is sound, and repairStreamFile (malstrom stream-file repair) cuts it there.'
  return new MalstromError('ERR_RECORD_INVALID', `The stream file "${path}" is damaged at byte ${offset}: ${problem}. ${hint}`, {
    context: { path },
  })
}
