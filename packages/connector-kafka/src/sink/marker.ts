import { MalstromError } from '@malstrom/core'
import { kafkaError } from '../client/kafka-error.ts'
import type { KafkaPort, UnsealedBatch } from '../client/kafka-port.ts'
import { readBatchContent, readBatchHeader } from '../record-batch/batch-header.ts'
import { BATCH_HEADER_BYTES } from '../record-batch/batch-layout.ts'
import { RecordBatchBuilder } from '../record-batch/record-batch-builder.ts'
import { RecordReader } from '../record-batch/record-reader.ts'

/** The commit topic has one partition: markers are small, and there is one per lane and interval. */
export const MARKER_PARTITION = 0

const FETCH_BYTES = 1024 * 1024
const FETCH_WAIT_MS = 100
/** A marker is some hundred bytes. */
const MARKER_BYTES_MAX = 64 * 1024
const COMMIT_MARKER = 1

/** The last marker of a lane that was committed. */
export interface Marker {
  readonly token: string
  readonly offset: number
}

/** The record that says that the output up to `token` is in Kafka, in the same transaction as that output. */
export function markerBatch(lane: string, token: string, nowMs: number): UnsealedBatch {
  const builder = new RecordBatchBuilder({ bytesMax: MARKER_BYTES_MAX })
  builder.append(lane, token, nowMs)
  return builder.take()
}

/**
 * The last committed marker of a lane, from `from` on; `undefined` if there is none. To be called
 * after `fence()`: then every transaction of the lane has ended.
 *
 * Reads uncommitted batches and looks for the ends of transactions itself: a reader of committed data
 * would have to wait for the open transactions of all other lanes, whose owners may be waiting for this one.
 */
export async function readMarker(port: KafkaPort, topic: string, lane: string, from: number): Promise<Marker | undefined> {
  const leader = (await port.partitions(topic)).find(({ partition }) => partition === MARKER_PARTITION)?.leader ?? -1
  const end = (await port.offsets(topic, [MARKER_PARTITION], 'latest')).get(MARKER_PARTITION)
  if (leader === -1 || end === undefined) throw notNow(topic, 'LEADER_NOT_AVAILABLE')
  const scan = new MarkerScan(topic, lane)
  for (let position = from; position < end; ) {
    const wanted = [{ topic, partition: MARKER_PARTITION, offset: position, maxBytes: FETCH_BYTES }]
    const [fetched] = await port.fetch(leader, wanted, { maxWaitMs: FETCH_WAIT_MS, maxBytes: FETCH_BYTES, isolation: 'uncommitted' })
    if (fetched?.error === 'OFFSET_OUT_OF_RANGE' && position < fetched.logStartOffset) position = fetched.logStartOffset
    else if (fetched === undefined || fetched.error !== undefined) throw notNow(topic, fetched?.error ?? 'no answer')
    else position = scan.read(fetched.batches, position)
  }
  return scan.result()
}

/** Finds the last committed marker of one lane among batches. */
class MarkerScan {
  readonly #topic: string
  readonly #lane: Buffer
  /** By producer: the marker of a transaction whose end was not met yet. */
  readonly #open = new Map<bigint, Marker>()
  readonly #reader = new RecordReader()
  #committed: Marker | undefined

  constructor(topic: string, lane: string) {
    this.#topic = topic
    this.#lane = Buffer.from(lane)
  }

  /** Returns where to fetch next. */
  read(batches: Uint8Array, from: number): number {
    const bytes = Buffer.from(batches.buffer, batches.byteOffset, batches.length)
    let position = from
    for (let at = 0; ; ) {
      const header = readBatchHeader(bytes, at, this.#topic)
      if (header === undefined) return position
      at = header.end
      position = Math.max(position, header.lastOffset + 1)
      const content = readBatchContent(bytes, header, this.#topic)
      this.#reader.open(bytes, header.start + BATCH_HEADER_BYTES, header.end)
      if (content.isControl) this.#endTransaction(content.producerId, content.count)
      else this.#readRecords(header.baseOffset, content)
    }
  }

  result(): Marker | undefined {
    // The fence has ended every transaction of the lane, so this is the read of a replica that lags behind.
    if (this.#open.size > 0) throw notNow(this.#topic, 'a transaction has no end yet')
    return this.#committed
  }

  #readRecords(baseOffset: number, content: { isTransactional: boolean; producerId: bigint; count: number; compressionId: number }): void {
    if (content.compressionId !== 0) return // Not written by us.
    const reader = this.#reader
    for (let i = 0; i < content.count; i++) {
      if (!reader.read()) throw new MalstromError('ERR_DATA_CORRUPT', `A record of ${this.#topic} at offset ${baseOffset} is cut off.`)
      if (reader.keyStart < 0 || reader.valueStart < 0) continue
      if (!this.#lane.equals(reader.bytes.subarray(reader.keyStart, reader.keyEnd))) continue
      const token = reader.bytes.toString('utf8', reader.valueStart, reader.valueEnd)
      const marker = { token, offset: baseOffset + reader.offsetDelta }
      if (content.isTransactional) this.#open.set(content.producerId, marker)
      else this.#committed = marker
    }
  }

  #endTransaction(producerId: bigint, count: number): void {
    const marker = this.#open.get(producerId)
    if (marker === undefined || count === 0) return
    this.#open.delete(producerId)
    const reader = this.#reader
    if (!reader.read() || reader.keyEnd - reader.keyStart < 4) {
      throw new MalstromError('ERR_DATA_CORRUPT', `A control record of ${this.#topic} is cut off.`)
    }
    // Its key is a version and a type, 16 bits each.
    if (reader.bytes.readInt16BE(reader.keyStart + 2) === COMMIT_MARKER) this.#committed = marker
  }
}

function notNow(topic: string, reason: string): Error {
  return kafkaError(`Kafka: the markers in ${topic} cannot be read now (${reason}).`, { topic, reason, retriable: true })
}
