import { type Key, MalstromError } from '@malstrom/core'
import type { UnsealedBatch } from '../client/kafka-port.ts'
import type { CompressionName } from '../record-batch/compression/compression.ts'
import { RecordBatchBuilder, type RecordBytes, type RecordHeaders } from '../record-batch/record-batch-builder.ts'
import { partitionOfKey } from './murmur2.ts'

/** What becomes of a record of the stream in Kafka. All functions must be pure. */
export interface RecordEncoding<V, K, T> {
  readonly encode: (value: V, key: K, timestamp: T) => RecordBytes
  readonly key: ((value: V, key: K, timestamp: T) => RecordBytes) | undefined
  readonly partition: ((value: V, key: K, timestamp: T, partitionCount: number) => number) | undefined
  readonly headers: ((value: V, key: K, timestamp: T) => RecordHeaders) | undefined
  readonly timestamp: ((value: V, key: K, timestamp: T) => number) | undefined
}

export interface RecordWriterOptions<V, K, T> {
  readonly topic: string
  readonly encoding: RecordEncoding<V, K, T>
  readonly partitionCount: number
  readonly batchBytesMax: number
  readonly compression: CompressionName
  /** Takes a batch that is full, or that was asked for. */
  readonly onBatch: (partition: number, batch: UnsealedBatch) => void
}

/** Encodes records into batches, one at a time for each partition of the topic. */
export class RecordWriter<V, K, T> {
  readonly #options: RecordWriterOptions<V, K, T>
  readonly #builders: (RecordBatchBuilder | undefined)[]
  /** Where records without a key go, until a batch is full. */
  #keylessPartition = 0

  constructor(options: RecordWriterOptions<V, K, T>) {
    this.#options = options
    this.#builders = Array.from({ length: options.partitionCount })
  }

  /** Returns the partition. */
  write(value: V, streamKey: K, streamTimestamp: T): number {
    const { encoding, batchBytesMax, partitionCount } = this.#options
    const content = encoding.encode(value, streamKey, streamTimestamp)
    const given = encoding.key === undefined ? keyOf(streamKey as Key | undefined) : encoding.key(value, streamKey, streamTimestamp)
    const key = typeof given === 'string' ? Buffer.from(given) : given
    const timestamp = encoding.timestamp === undefined ? Date.now() : encoding.timestamp(value, streamKey, streamTimestamp)
    if (!(Number.isSafeInteger(timestamp) && timestamp >= 0))
      throw this.#invalid(`its timestamp is ${timestamp}`, 'milliseconds since 1970')
    let partition: number
    if (encoding.partition !== undefined) {
      partition = encoding.partition(value, streamKey, streamTimestamp, partitionCount)
      if (!(Number.isInteger(partition) && partition >= 0 && partition < partitionCount)) {
        throw this.#invalid(`partition() gave ${partition}`, `a whole number from 0 to ${partitionCount - 1}`)
      }
    } else partition = key === undefined || key === null ? this.#keylessPartition : partitionOfKey(key, partitionCount)

    let builder = this.#builders[partition]
    if (builder === undefined) {
      builder = new RecordBatchBuilder({ bytesMax: batchBytesMax, compression: this.#options.compression })
      this.#builders[partition] = builder
    }
    const headers = encoding.headers?.(value, streamKey, streamTimestamp)
    if (!builder.append(key, content, timestamp, headers)) {
      this.take(partition)
      builder.append(key, content, timestamp, headers)
    }
    if (builder.count === 1 && builder.bytes > batchBytesMax) throw this.#tooLarge(builder.bytes)
    return partition
  }

  /** Bytes in batches that are not full. */
  get bytes(): number {
    let bytes = 0
    for (const builder of this.#builders) if (builder !== undefined && builder.count > 0) bytes += builder.bytes
    return bytes
  }

  /** Gives what was written to one partition to `onBatch`. False if there was nothing. */
  take(partition: number): boolean {
    const builder = this.#builders[partition]
    if (builder === undefined || builder.count === 0) return false
    this.#options.onBatch(partition, builder.take())
    if (partition === this.#keylessPartition) this.#keylessPartition = (partition + 1) % this.#options.partitionCount
    return true
  }

  takeAll(): void {
    for (let partition = 0; partition < this.#builders.length; partition++) this.take(partition)
  }

  #invalid(problem: string, wanted: string): MalstromError {
    return new MalstromError('ERR_RECORD_INVALID', `A record cannot be written to "${this.#options.topic}": ${problem}, not ${wanted}.`)
  }

  #tooLarge(bytes: number): MalstromError {
    const { topic, batchBytesMax } = this.#options
    return new MalstromError(
      'ERR_RECORD_TOO_LARGE',
      `A record for "${topic}" has ${bytes} bytes, and a batch at most ${batchBytesMax}. ` +
        'Make it smaller, or raise batchBytesMax and, above it, max.message.bytes of the topic.',
    )
  }
}

/** The key of the stream as text: what people expect to find in Kafka. */
function keyOf(key: Key | undefined): string | undefined {
  if (typeof key === 'string' || key === undefined) return key
  if (typeof key !== 'object') return String(key)
  return JSON.stringify(key, (_name, part: unknown) => (typeof part === 'bigint' ? String(part) : part))
}
