import { MalstromError } from '@malstrom/core'
import { isStreamKey, type StreamMessage } from '../stream/stream-message.ts'
import { crc16 } from './crc16.ts'
import {
  damaged,
  decodeBeacon,
  decodeHeader,
  END_BYTE,
  HEADER_BYTES,
  MESSAGE_FRAME_BYTES,
  type StreamBeacon,
  type StreamFileHeader,
} from './format.ts'

export const MESSAGE_BYTES_MAX = 16 * 1024 * 1024

export interface StreamFileDecoderOptions {
  readonly path: string
  /** The most bytes a payload may have. */
  readonly maxMessageBytes: number
  /** Where the first bytes that are pushed stand in the file: between two messages. */
  readonly offset: number
  /** Needed unless the first bytes are those of the file. */
  readonly header?: StreamFileHeader | undefined
  /** Called for each beacon: before the message that follows it, and after the message it stands in. */
  readonly onBeacon?: (beacon: StreamBeacon) => void
}

/** Finds the messages in the bytes of a stream file, and checks everything that can be checked. */
export class StreamFileDecoder {
  readonly #options: StreamFileDecoderOptions
  #header: StreamFileHeader | undefined
  #bytes = Buffer.alloc(0)
  /** Where in `#bytes` the next message starts, and where that is in the file. */
  #at = 0
  #offset: number
  /** There is no use in looking at the next message before there are so many bytes of it. */
  #wantedBytes = 0

  constructor(options: StreamFileDecoderOptions) {
    this.#options = options
    this.#offset = options.offset
    this.#header = options.header
  }

  get header(): StreamFileHeader | undefined {
    return this.#header
  }

  /** Where the next message starts, or a beacon before it. */
  get offset(): number {
    return this.#offset
  }

  /** Bytes that are no whole message yet. */
  get waitingBytes(): number {
    return this.#bytes.length - this.#at
  }

  push(bytes: Uint8Array): void {
    this.#bytes = Buffer.concat([this.#bytes.subarray(this.#at), bytes])
    this.#at = 0
  }

  /** The next message, or `undefined` if that takes more bytes. */
  next(): StreamMessage | undefined {
    if (this.waitingBytes < this.#wantedBytes || !this.readHeader()) return undefined
    const cursor = new Cursor(this.#bytes, this.#at, this.#offset, this.#beaconIntervalBytes, this.#options.path)
    if (!cursor.skipBeacon()) return undefined
    for (const beacon of cursor.beacons) this.#between(beacon, cursor)
    const message = this.#readMessage(cursor)
    if (message === undefined) return undefined
    const messageBytes = cursor.messageBytes
    for (const { beacon, messageBytesBefore } of cursor.inside) {
      const remaining = messageBytes - messageBytesBefore
      if (beacon.remainingBytes !== remaining)
        throw this.#damaged(
          beacon.offset,
          `a beacon says that ${beacon.remainingBytes} bytes of its message are to come, and there are ${remaining}`,
        )
      this.#options.onBeacon?.(beacon)
    }
    this.#moveTo(cursor)
    return message
  }

  get #beaconIntervalBytes(): number {
    return (this.#header as StreamFileHeader).beaconIntervalBytes
  }

  /** Whether the header is there. */
  readHeader(): boolean {
    if (this.#header !== undefined) return true
    if (this.waitingBytes < HEADER_BYTES) return false
    const header = decodeHeader(this.#bytes.subarray(this.#at, this.#at + HEADER_BYTES))
    if (typeof header === 'string') throw this.#damaged(0, header)
    this.#header = header
    this.#at += HEADER_BYTES
    this.#offset += HEADER_BYTES
    return true
  }

  /** A beacon between two messages: it is done with, whether a message follows or not. */
  #between(beacon: StreamBeacon, cursor: Cursor): void {
    if (beacon.remainingBytes !== 0)
      throw this.#damaged(beacon.offset, `a beacon between two messages says that ${beacon.remainingBytes} bytes of one are to come`)
    this.#options.onBeacon?.(beacon)
    this.#moveTo(cursor)
  }

  #readMessage(cursor: Cursor): StreamMessage | undefined {
    const key = cursor.text()
    const numbers = cursor.take(8 + 8 + 8 + 4)
    if (key === undefined || numbers === undefined) return undefined
    if (!isStreamKey(key)) throw this.#damaged(this.#offset, `${JSON.stringify(key)} is not the key of a stream`)
    const size = numbers.readUInt32BE(24)
    if (size > this.#options.maxMessageBytes) throw this.#tooLarge(size)
    const rest = cursor.take(size + 3)
    if (rest === undefined) {
      this.#wantedBytes = Math.max(0, MESSAGE_FRAME_BYTES + key.length + size)
      return undefined
    }
    const payload = rest.subarray(0, size)
    const [expected, found] = [rest.readUInt16BE(size), crc16(payload)]
    if (expected !== found)
      throw this.#damaged(this.#offset, `a message has the checksum ${hex(found)}, and ${hex(expected)} is written behind it`)
    if (rest[size + 2] !== END_BYTE) throw this.#damaged(this.#offset, 'a message does not end where it should')
    const timestamp = Number(numbers.readBigUInt64BE(16))
    if (!Number.isSafeInteger(timestamp)) throw this.#damaged(this.#offset, `${timestamp} is no timestamp of a message`)
    return { key, shard: numbers.readBigUInt64BE(0), sequence: numbers.readBigUInt64BE(8), timestamp, payload: Buffer.from(payload) }
  }

  #moveTo(cursor: Cursor): void {
    this.#offset += cursor.at - this.#at
    this.#at = cursor.at
    this.#wantedBytes = 0
    cursor.begin()
  }

  #damaged(offset: number, problem: string): MalstromError {
    return damaged(this.#options.path, offset, problem)
  }

  #tooLarge(size: number): MalstromError {
    const { path, maxMessageBytes } = this.#options
    const problem = `The message at byte ${this.#offset} of "${path}" has ${size} bytes, and ${maxMessageBytes} are allowed. Raise maxMessageBytes if that is right; if not, the file is damaged.`
    return new MalstromError('ERR_RECORD_TOO_LARGE', problem, { context: { path } })
  }
}

/** Walks over the bytes of messages, and around the beacons among them. */
class Cursor {
  at: number
  /** Beacons before the message. */
  readonly beacons: StreamBeacon[] = []
  /** Beacons in the message, and how much of it stands before them. */
  inside: { readonly beacon: StreamBeacon; readonly messageBytesBefore: number }[] = []
  messageBytes = 0
  readonly #bytes: Buffer
  readonly #offsetOfBytes: number
  readonly #interval: number
  readonly #path: string

  constructor(bytes: Buffer, at: number, offset: number, interval: number, path: string) {
    this.#bytes = bytes
    this.at = at
    this.#offsetOfBytes = offset - at
    this.#interval = interval
    this.#path = path
  }

  begin(): void {
    this.inside = []
    this.messageBytes = 0
  }

  /** The beacon at the beginning, if there should be one. False if it is not all there. */
  skipBeacon(): boolean {
    if (this.#offset % this.#interval !== 0) return true
    const beacon = this.#beacon()
    if (beacon !== undefined) this.beacons.push(beacon)
    return beacon !== undefined
  }

  text(): string | undefined {
    const length = this.take(1)?.[0]
    return length === undefined ? undefined : this.take(length)?.toString('latin1')
  }

  /** The next bytes of the message, or `undefined` if they are not all there. */
  take(count: number): Buffer | undefined {
    const parts: Buffer[] = []
    for (let missing = count; missing > 0; ) {
      const part = this.#part(missing)
      if (part === undefined) return undefined
      missing -= part.length
      parts.push(part)
    }
    return parts.length === 1 ? parts[0] : Buffer.concat(parts)
  }

  /** As much of the message as there is in one piece. */
  #part(count: number): Buffer | undefined {
    if (this.#offset % this.#interval === 0) {
      const beacon = this.#beacon()
      if (beacon === undefined) return undefined
      this.inside.push({ beacon, messageBytesBefore: this.messageBytes })
    }
    const untilBeacon = this.#interval - (this.#offset % this.#interval)
    const end = Math.min(this.at + Math.min(count, untilBeacon), this.#bytes.length)
    if (end === this.at) return undefined
    const part = this.#bytes.subarray(this.at, end)
    this.messageBytes += part.length
    this.at = end
    return part
  }

  get #offset(): number {
    return this.#offsetOfBytes + this.at
  }

  /** The beacon that stands here, and moves behind it; `undefined` if it is not all there. */
  #beacon(): StreamBeacon | undefined {
    const found = decodeBeacon(this.#bytes, this.at, this.#offset, this.#interval)
    if (found === undefined) return undefined
    if (typeof found === 'string') throw damaged(this.#path, this.#offset, found)
    this.at = found.end
    return found.beacon
  }
}

function hex(checksum: number): string {
  return checksum.toString(16).padStart(4, '0')
}
