import { MalstromError } from '@malstrom/core'
import {
  ATTRIBUTES_AT,
  BASE_OFFSET_AT,
  BASE_TIMESTAMP_AT,
  BATCH_HEADER_BYTES,
  BATCH_MAGIC,
  BATCH_PREFIX_BYTES,
  COMPRESSION_BITS,
  CONTROL_BIT,
  COUNT_AT,
  CRC_AT,
  LAST_OFFSET_DELTA_AT,
  LENGTH_AT,
  LOG_APPEND_TIME_BIT,
  MAGIC_AT,
  MAX_TIMESTAMP_AT,
  PRODUCER_ID_AT,
  TRANSACTIONAL_BIT,
} from './batch-layout.ts'
import { crc32c } from './crc32c.ts'

/** One batch among the bytes of a fetch. */
export interface BatchHeader {
  readonly start: number
  readonly end: number
  readonly baseOffset: number
  /** Of the last record that was written to it; compaction may have removed that one. */
  readonly lastOffset: number
}

/** What is needed to read the records of a batch. */
export interface BatchContent {
  readonly compressionId: number
  readonly isTransactional: boolean
  readonly isControl: boolean
  readonly producerId: bigint
  /** Of all records, where the broker sets it; otherwise `undefined`. */
  readonly appendTimestamp: number | undefined
  readonly baseTimestamp: number
  readonly count: number
}

/** The batch that begins at `start`, or `undefined` if it is not whole. Throws `ERR_DATA_CORRUPT` if there is none. */
export function readBatchHeader(bytes: Buffer, start: number, where: string): BatchHeader | undefined {
  if (start + BATCH_PREFIX_BYTES > bytes.length) return undefined
  const baseOffset = safeNumber(bytes.readBigInt64BE(start + BASE_OFFSET_AT))
  const length = bytes.readInt32BE(start + LENGTH_AT)
  // Older formats are shorter, so the magic number is looked at before the length.
  const magic = start + MAGIC_AT < bytes.length ? bytes.readInt8(start + MAGIC_AT) : BATCH_MAGIC
  if (magic !== BATCH_MAGIC) {
    const problem = `it has the format ${magic}, and only ${BATCH_MAGIC} (Kafka 0.11 and later) can be read`
    throw batchError(where, baseOffset, magic === 0 || magic === 1 ? problem : `it has the unknown format ${magic}`)
  }
  if (baseOffset < 0 || length < BATCH_HEADER_BYTES - BATCH_PREFIX_BYTES) {
    throw batchError(where, baseOffset, `its length is ${length}`)
  }
  const end = start + BATCH_PREFIX_BYTES + length
  if (end > bytes.length) return undefined
  const lastOffset = baseOffset + bytes.readInt32BE(start + LAST_OFFSET_DELTA_AT)
  if (lastOffset < baseOffset || !Number.isSafeInteger(lastOffset + 1)) {
    throw batchError(where, baseOffset, `its last offset is ${lastOffset}`)
  }
  return { start, end, baseOffset, lastOffset }
}

/** What the batch says of its records, after a look at its checksum. */
export function readBatchContent(bytes: Buffer, header: BatchHeader, where: string): BatchContent {
  const { start, end, baseOffset } = header
  const expected = bytes.readUInt32BE(start + CRC_AT)
  const actual = crc32c(bytes, start + ATTRIBUTES_AT, end)
  if (actual !== expected) {
    throw batchError(where, baseOffset, `its checksum is ${actual.toString(16)}, not ${expected.toString(16)}`)
  }
  const attributes = bytes.readInt16BE(start + ATTRIBUTES_AT)
  return {
    compressionId: attributes & COMPRESSION_BITS,
    isTransactional: (attributes & TRANSACTIONAL_BIT) !== 0,
    isControl: (attributes & CONTROL_BIT) !== 0,
    producerId: bytes.readBigInt64BE(start + PRODUCER_ID_AT),
    appendTimestamp: attributes & LOG_APPEND_TIME_BIT ? safeNumber(bytes.readBigInt64BE(start + MAX_TIMESTAMP_AT)) : undefined,
    baseTimestamp: safeNumber(bytes.readBigInt64BE(start + BASE_TIMESTAMP_AT)),
    count: bytes.readInt32BE(start + COUNT_AT),
  }
}

export function batchError(where: string, baseOffset: number, problem: string): MalstromError {
  return new MalstromError(
    'ERR_DATA_CORRUPT',
    `The batch at offset ${baseOffset} of ${where} cannot be read: ${problem}. It was damaged on its way or in the log of the broker.`,
  )
}

function safeNumber(value: bigint): number {
  const number = Number(value)
  if (Number.isSafeInteger(number)) return number
  throw new MalstromError('ERR_DATA_CORRUPT', `A record batch holds the number ${value}. Offsets and timestamps stay below 2 ** 53.`)
}
