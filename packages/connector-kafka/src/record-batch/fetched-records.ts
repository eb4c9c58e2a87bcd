import { MalstromError } from '@malstrom/core'
import type { AbortedTransaction, FetchedPartition } from '../client/kafka-port.ts'
import { type BatchHeader, batchError, readBatchContent, readBatchHeader } from './batch-header.ts'
import { BATCH_HEADER_BYTES } from './batch-layout.ts'
import { compressionById } from './compression/compressions.ts'
import { KafkaRecord } from './kafka-record.ts'
import { RecordReader } from './record-reader.ts'

/** The most that one batch may have when it is unpacked, so that a small one cannot fill the memory. */
export const UNPACKED_BYTES_MAX = 256 * 1024 * 1024

const ABORT_MARKER = 0

/**
 * The records of one fetch, one after the other, as a reader of committed data sees them: without
 * control records and without those of transactions that were aborted, as in Kafka's own consumer.
 */
export class FetchedRecords {
  readonly topic: string
  readonly partition: number
  /** How much memory it holds. */
  readonly bytes: number
  /** Where to fetch next: after the last batch, also if its records were compacted away. */
  readonly end: number
  readonly #where: string
  readonly #buffer: Buffer
  readonly #batches: readonly BatchHeader[]
  readonly #reader = new RecordReader()
  /** By first offset, which is not the order of the broker. */
  readonly #aborted: readonly AbortedTransaction[]
  #abortedIndex = 0
  readonly #abortedProducers = new Set<bigint>()
  #batchIndex = -1
  #batch: BatchHeader | undefined
  #unread = 0
  #baseTimestamp = 0
  #appendTimestamp: number | undefined
  #position: number
  #offset = -1

  /** `from`: the offset that was fetched. Throws `ERR_DATA_CORRUPT` for what is no batches. */
  constructor(fetched: FetchedPartition, from: number) {
    const { topic, partition, batches, abortedTransactions } = fetched
    this.topic = topic
    this.partition = partition
    this.bytes = batches.length
    this.#where = `${topic}/${partition}`
    this.#position = from
    this.#buffer = Buffer.from(batches.buffer, batches.byteOffset, batches.length)
    this.#aborted = abortedTransactions.toSorted((a, b) => a.firstOffset - b.firstOffset)
    this.#batches = this.#findBatches()
    this.end = Math.max(from, (this.#batches.at(-1)?.lastOffset ?? -1) + 1)
  }

  /** The next offset to read: after everything that `next` gave or left out. */
  get position(): number {
    return this.#position
  }

  /** The timestamp of the record that `next` found; milliseconds since 1970. */
  get timestamp(): number {
    return this.#appendTimestamp ?? this.#baseTimestamp + this.#reader.timestampDelta
  }

  /** Goes to the next record. False if there is none. Throws `ERR_DATA_CORRUPT` for what cannot be read. */
  next(): boolean {
    for (;;) {
      while (this.#unread > 0) {
        this.#unread--
        this.#readOne()
        if (this.#offset < this.#position) continue
        this.#position = this.#offset + 1
        return true
      }
      if (this.#batch !== undefined) this.#position = Math.max(this.#position, this.#batch.lastOffset + 1)
      if (!this.#openBatch()) return false
    }
  }

  /** The record that `next` found. */
  record(): KafkaRecord {
    return new KafkaRecord(this.topic, this.partition, this.#offset, this.timestamp, this.#reader)
  }

  #findBatches(): BatchHeader[] {
    const found: BatchHeader[] = []
    for (let at = 0; ; ) {
      const header = readBatchHeader(this.#buffer, at, this.#where)
      if (header === undefined) return found
      found.push(header)
      at = header.end
    }
  }

  /** False if there is no further batch. Its records are to be read if `#unread` is above 0. */
  #openBatch(): boolean {
    const header = this.#batches[++this.#batchIndex]
    this.#batch = header
    if (header === undefined) return false
    const content = readBatchContent(this.#buffer, header, this.#where)
    if (content.count < 0) throw batchError(this.#where, header.baseOffset, `it has ${content.count} records`)
    this.#baseTimestamp = content.baseTimestamp
    this.#appendTimestamp = content.appendTimestamp
    if (content.isTransactional) this.#beginAborted(header.lastOffset)
    if (content.isControl) {
      if (content.count > 0 && this.#isAbortMarker(header)) this.#abortedProducers.delete(content.producerId)
      return true
    }
    if (content.isTransactional && this.#abortedProducers.has(content.producerId)) return true
    this.#openRecords(header, content.compressionId)
    this.#unread = content.count
    return true
  }

  #openRecords({ start, end, baseOffset }: BatchHeader, compressionId: number): void {
    if (compressionId === 0) {
      this.#reader.open(this.#buffer, start + BATCH_HEADER_BYTES, end)
      return
    }
    const compression = compressionById(compressionId)
    if (compression === undefined) throw batchError(this.#where, baseOffset, `its compression ${compressionId} is unknown`)
    try {
      const unpacked = compression.decompress(this.#buffer.subarray(start + BATCH_HEADER_BYTES, end), UNPACKED_BYTES_MAX)
      this.#reader.open(Buffer.from(unpacked.buffer, unpacked.byteOffset, unpacked.length), 0, unpacked.length)
    } catch (thrown) {
      const isDamaged = thrown instanceof MalstromError && thrown.code === 'ERR_DATA_CORRUPT'
      throw isDamaged ? batchError(this.#where, baseOffset, thrown.message) : thrown
    }
  }

  #readOne(): void {
    const { baseOffset, lastOffset } = this.#batch as BatchHeader
    if (!this.#reader.read()) throw batchError(this.#where, baseOffset, 'a record is cut off')
    this.#offset = baseOffset + this.#reader.offsetDelta
    if (this.#offset > lastOffset) throw batchError(this.#where, baseOffset, `a record has the offset ${this.#offset}`)
    if (!Number.isSafeInteger(this.timestamp)) throw batchError(this.#where, baseOffset, `a record has the timestamp ${this.timestamp}`)
  }

  #beginAborted(lastOffset: number): void {
    for (;;) {
      const next = this.#aborted[this.#abortedIndex]
      if (next === undefined || next.firstOffset > lastOffset) return
      this.#abortedProducers.add(next.producerId)
      this.#abortedIndex++
    }
  }

  /** The key of a control record is a version and a type, 16 bits each. */
  #isAbortMarker(header: BatchHeader): boolean {
    const reader = this.#reader
    reader.open(this.#buffer, header.start + BATCH_HEADER_BYTES, header.end)
    if (!reader.read() || reader.keyEnd - reader.keyStart < 4 || reader.keyStart < 0) {
      throw batchError(this.#where, header.baseOffset, 'its control record is cut off')
    }
    return reader.bytes.readInt16BE(reader.keyStart + 2) === ABORT_MARKER
  }
}
