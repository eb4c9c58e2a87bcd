import { assert } from '@malstrom/core'
import type { UnsealedBatch } from '../client/kafka-port.ts'
import {
  ATTRIBUTES_AT,
  BASE_SEQUENCE_AT,
  BASE_TIMESTAMP_AT,
  BATCH_HEADER_BYTES,
  BATCH_MAGIC,
  BATCH_PREFIX_BYTES,
  COUNT_AT,
  LAST_OFFSET_DELTA_AT,
  LEADER_EPOCH_AT,
  LENGTH_AT,
  MAGIC_AT,
  MAX_TIMESTAMP_AT,
  NO_PRODUCER_ID,
  PRODUCER_EPOCH_AT,
  PRODUCER_ID_AT,
} from './batch-layout.ts'
import type { Compression, CompressionName } from './compression/compression.ts'
import { compressionOf } from './compression/compressions.ts'
import { varintBytes, writeVarint } from './varint.ts'

/** Text is written as UTF-8; `undefined` and `null` are Kafka's null, which as a value is a tombstone. */
export type RecordBytes = string | Uint8Array | null | undefined

/** In order, and a name may come twice. */
export type RecordHeaders = readonly (readonly [name: string, value: RecordBytes])[]

export interface RecordBatchOptions {
  /**
   * A record that would make the batch longer than this, before compression, does not fit. The first
   * one always does. Topics refuse batches above their `max.message.bytes`, 1 MiB unless set otherwise.
   */
  readonly bytesMax: number
  /** @default 'none' */
  readonly compression?: CompressionName
}

const FIRST_BUFFER_BYTES = 16 * 1024
const NO_HEADERS: RecordHeaders = []
/** Five varints, the longest 10 bytes, and the attributes. */
const RECORD_OVERHEAD_BYTES_MAX = 36

/** Collects records into one batch at a time. The offsets in a batch count from 0; the broker adds its own. */
export class RecordBatchBuilder {
  readonly #bytesMax: number
  readonly #compression: Compression
  #buffer = Buffer.allocUnsafeSlow(FIRST_BUFFER_BYTES)
  #end = BATCH_HEADER_BYTES
  #count = 0
  #baseTimestamp = 0
  #maxTimestamp = 0

  constructor(options: RecordBatchOptions) {
    this.#bytesMax = options.bytesMax
    this.#compression = compressionOf(options.compression ?? 'none')
  }

  /** How many records are in it. */
  get count(): number {
    return this.#count
  }

  /** How long the batch is now, before compression. */
  get bytes(): number {
    return this.#end
  }

  /** Adds a record; `timestamp` in milliseconds since 1970. False if it does not fit: `take()` first, then add it again. */
  append(key: RecordBytes, value: RecordBytes, timestamp: number, headers: RecordHeaders = NO_HEADERS): boolean {
    assert(Number.isSafeInteger(timestamp), 'a timestamp of a Kafka record is a whole number of milliseconds')
    const keyBytes = bytesOf(key)
    const valueBytes = bytesOf(value)
    const boundBytes = RECORD_OVERHEAD_BYTES_MAX + Math.max(keyBytes, 0) + Math.max(valueBytes, 0) + headersBound(headers)
    if (this.#count > 0 && this.#end + boundBytes > this.#bytesMax) return false
    this.#reserve(boundBytes)
    if (this.#count === 0) {
      this.#baseTimestamp = timestamp
      this.#maxTimestamp = timestamp
    } else if (timestamp > this.#maxTimestamp) this.#maxTimestamp = timestamp

    const timestampDelta = timestamp - this.#baseTimestamp
    const fixedBytes = 1 + varintBytes(timestampDelta) + varintBytes(this.#count) + sizeOf(keyBytes) + sizeOf(valueBytes)
    const buffer = this.#buffer
    let at = writeVarint(buffer, this.#end, fixedBytes + headersSize(headers))
    buffer[at++] = 0
    at = writeVarint(buffer, at, timestampDelta)
    at = writeVarint(buffer, at, this.#count)
    at = write(buffer, at, key, keyBytes)
    at = write(buffer, at, value, valueBytes)
    at = writeVarint(buffer, at, headers.length)
    for (let i = 0; i < headers.length; i++) {
      const [name, content] = headers[i] as RecordHeaders[number]
      at = write(buffer, at, name, bytesOf(name))
      at = write(buffer, at, content, bytesOf(content))
    }
    this.#end = at
    this.#count++
    return true
  }

  /** The batch, in bytes of its own; the builder is empty then. Only if there is a record. */
  take(): UnsealedBatch {
    assert(this.#count > 0, 'a batch without records is not sent')
    const records = this.#buffer.subarray(BATCH_HEADER_BYTES, this.#end)
    const content = this.#compression.compress(records)
    const bytes = Buffer.allocUnsafeSlow(BATCH_HEADER_BYTES + content.length).fill(0, 0, BATCH_HEADER_BYTES)
    bytes.set(content, BATCH_HEADER_BYTES)
    bytes.writeInt32BE(bytes.length - BATCH_PREFIX_BYTES, LENGTH_AT)
    bytes.writeInt32BE(-1, LEADER_EPOCH_AT)
    bytes.writeInt8(BATCH_MAGIC, MAGIC_AT)
    bytes.writeInt16BE(this.#compression.id, ATTRIBUTES_AT)
    bytes.writeInt32BE(this.#count - 1, LAST_OFFSET_DELTA_AT)
    bytes.writeBigInt64BE(BigInt(this.#baseTimestamp), BASE_TIMESTAMP_AT)
    bytes.writeBigInt64BE(BigInt(this.#maxTimestamp), MAX_TIMESTAMP_AT)
    bytes.writeBigInt64BE(NO_PRODUCER_ID, PRODUCER_ID_AT)
    bytes.writeInt16BE(-1, PRODUCER_EPOCH_AT)
    bytes.writeInt32BE(-1, BASE_SEQUENCE_AT)
    bytes.writeInt32BE(this.#count, COUNT_AT)
    const batch = { bytes, count: this.#count }
    this.#count = 0
    this.#end = BATCH_HEADER_BYTES
    return batch
  }

  #reserve(bytes: number): void {
    const needed = this.#end + bytes
    if (needed <= this.#buffer.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, Math.min(this.#bytesMax, this.#buffer.length * 2)))
    this.#buffer.copy(larger, 0, 0, this.#end)
    this.#buffer = larger
  }
}

/** -1 for null. */
function bytesOf(content: RecordBytes): number {
  if (typeof content === 'string') return Buffer.byteLength(content)
  return content === null || content === undefined ? -1 : content.length
}

/** Of a field with its length before it. */
function sizeOf(bytes: number): number {
  return varintBytes(bytes) + Math.max(bytes, 0)
}

function headersSize(headers: RecordHeaders): number {
  let size = varintBytes(headers.length)
  for (let i = 0; i < headers.length; i++) {
    const [name, content] = headers[i] as RecordHeaders[number]
    size += sizeOf(bytesOf(name)) + sizeOf(bytesOf(content))
  }
  return size
}

function headersBound(headers: RecordHeaders): number {
  return headers.length === 0 ? 0 : headersSize(headers)
}

function write(buffer: Buffer, at: number, content: RecordBytes, bytes: number): number {
  const start = writeVarint(buffer, at, bytes)
  if (bytes <= 0) return start
  if (typeof content === 'string') buffer.write(content, start)
  else buffer.set(content as Uint8Array, start)
  return start + bytes
}
