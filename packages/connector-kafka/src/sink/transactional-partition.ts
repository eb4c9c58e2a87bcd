import type { SinkPartition, SnapshotVersion } from '@malstrom/core'
import { kafkaError } from '../client/kafka-error.ts'
import type { LaneState } from './lane-state.ts'
import { RecordWriter, type RecordWriterOptions } from './record-writer.ts'
import type { StagedLane } from './staged-lane.ts'

export interface TransactionalPartitionOptions<V, K, T> extends Omit<RecordWriterOptions<V, K, T>, 'onBatch'> {
  readonly lane: StagedLane
  readonly stagedBytesMax: number
  /** Commits all lanes of the sink on this worker at once: the worker asks for one after the other. */
  readonly commitAll: (version: SnapshotVersion) => void
  /** Called once, when it is closed. */
  readonly release: () => Promise<void>
}

/** One lane of an exactly-once sink: records of some keys, which appear together when their snapshot is durable. */
export class TransactionalPartition<V, K, T> implements SinkPartition<V, K, T, LaneState> {
  /** What is staged belongs into the next snapshot: waiting would not make it less. */
  readonly saturated = false
  readonly #options: TransactionalPartitionOptions<V, K, T>
  readonly #writer: RecordWriter<V, K, T>
  #isClosed = false

  constructor(options: TransactionalPartitionOptions<V, K, T>) {
    const { lane, stagedBytesMax, topic } = options
    this.#options = options
    this.#writer = new RecordWriter({
      ...options,
      onBatch(partition, { bytes, count }) {
        // Snapshots hold plain arrays of bytes, not Node's buffers.
        lane.stage({ partition, bytes: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length), count })
        if (lane.stagedBytes > stagedBytesMax) throw tooMuchStaged(topic, stagedBytesMax)
      },
    })
  }

  write(value: V, key: K, timestamp: T): void {
    this.#writer.write(value, key, timestamp)
  }

  /** All is staged then: in the snapshot that comes next. */
  async flush(): Promise<void> {
    this.#writer.takeAll()
    this.#options.lane.check()
  }

  snapshot(version: SnapshotVersion): LaneState {
    return this.#options.lane.snapshot(version)
  }

  commit(version: SnapshotVersion): Promise<void> {
    this.#options.commitAll(version)
    return this.#options.lane.commit(version)
  }

  abandon(): void {
    this.#options.lane.abandon()
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.#options.lane.close()
    await this.#options.release()
  }
}

function tooMuchStaged(topic: string, stagedBytesMax: number): Error {
  const message =
    `Kafka: more than ${stagedBytesMax} bytes of output for "${topic}" wait for a snapshot. ` +
    'Take snapshots more often (snapshotIntervalMs), raise lanes if the stream has keys, or raise stagedBytesMax.'
  return kafkaError(message, { topic, retriable: false })
}
