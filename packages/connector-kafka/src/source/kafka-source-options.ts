import type { KafkaConnection } from '../client/kafka-connection.ts'
import type { RecordDecoder } from '../decode/record-decoder.ts'
import type { KafkaRecord } from '../record-batch/kafka-record.ts'
import type { StartPosition } from './start-position.ts'

export interface KafkaSourceOptions<V> extends KafkaConnection {
  /** What is read: one topic or several. */
  readonly topic: string | readonly string[]
  /** What a record becomes: `json()`, `string()`, `bytes()`, `confluentWire()`, or a function of the whole record. */
  readonly decode: RecordDecoder<V>
  /**
   * Where a partition begins that no snapshot knows. One that was added to the topic after the job began begins at its first
   * record, also with `'latest'`.
   *
   * @default 'earliest'
   */
  readonly start?: StartPosition
  /**
   * How often new partitions are looked for, in milliseconds; they are read while the job runs. `Infinity`: never.
   *
   * @default 30_000
   */
  readonly discoveryMs?: number
  /** Where it ends: never, or where each partition ended when it was opened first. @default 'never' */
  readonly stop?: 'never' | 'latest'
  /** `'committed'`: nothing of transactions that are open or were aborted. @default 'committed' */
  readonly isolation?: 'committed' | 'uncommitted'
  /**
   * What to do when the next record of a partition is gone, because retention deleted it or the topic was made
   * anew. `'fail'`: `ERR_KAFKA_OFFSET_LOST`. `'earliest'`: go on with the oldest that is left.
   *
   * @default 'fail'
   */
  readonly onOffsetLost?: 'fail' | 'earliest'
  /**
   * What to do with a record that `decode` refuses. `'fail'`: `ERR_RECORD_INVALID`. `'skip'`: leave it out. A
   * function takes it, for example to a file of dead letters; it may get a record again after a restart.
   *
   * @default 'fail'
   */
  readonly onUndecodable?: 'fail' | 'skip' | UndecodableHandler
  /**
   * A consumer group whose offsets follow the snapshots of the job, for monitoring of its lag. It must have no
   * members. The job itself goes on from its snapshot.
   *
   * @default none
   */
  readonly group?: string
  /**
   * How much is fetched ahead on each worker, in bytes as they come from the broker, divided among the partitions.
   *
   * @default 16 MiB
   */
  readonly bufferBytesMax?: number
}

/** Takes a record that could not be decoded, and why. The record is a view: copy what you keep. What it throws fails the job. */
export type UndecodableHandler = (record: KafkaRecord, error: unknown) => void

/** How far a partition has been read. */
export interface KafkaPosition {
  /** The next offset to read. */
  readonly offset: number
  /** Where it is to end, with `stop: 'latest'`. */
  readonly end?: number
}
