/**
 * What source and sink need of Kafka, and nothing of the client library. `kafkajsPort` implements it
 * over kafkajs; `MemoryKafka` (fixture) in memory, for tests.
 *
 * Offsets are plain numbers: the codec refuses any above 2 ** 53. Every call ends by itself, at the
 * latest after the request time-out of the client. What no repetition can mend (authentication, a
 * topic that is missing, a record that is too large) rejects with `ERR_KAFKA` and `outcome: 'failed'`;
 * what may pass by itself, such as a broker that cannot be reached, rejects with an `ERR_KAFKA` that `isRetriable`.
 */
export interface KafkaPort {
  /** The partitions of a topic and the brokers that lead them now, asked anew on every call. Rejects if there is no such topic. */
  partitions(topic: string): Promise<readonly TopicPartition[]>
  /** For each partition the offset that `at` means. Asks the leaders. */
  offsets(topic: string, partitions: readonly number[], at: OffsetQuestion): Promise<ReadonlyMap<number, number>>
  /**
   * Batches of records as they lie on the broker `node`, at most `maxBytes` for each partition and all
   * of them (one batch comes whole, however large). Waits up to `maxWaitMs` for the first byte. A
   * partition that fails says so in its `error`; `FetchedRecords` reads the rest.
   */
  fetch(node: number, wanted: readonly WantedPartition[], options: FetchOptions): Promise<readonly FetchedPartition[]>
  /**
   * Writes a batch outside any transaction, acknowledged by all in-sync replicas. Sends once and never
   * repeats. `batch` is what `RecordBatchBuilder.take()` gave; it is not changed.
   */
  produce(topic: string, partition: number, batch: UnsealedBatch): Promise<WriteAnswer<'ok' | 'failed' | 'unknown'>>
  /** A writer of transactions. Costs nothing until `fence()`. `timeoutMs`: the broker aborts what is open for longer. */
  lane(transactionalId: string, timeoutMs: number): TransactionLane
  /** Stores the offsets that a group would read next. Rejects while the group has members. */
  commitGroup(group: string, offsets: readonly TopicOffset[]): Promise<void>
  /** The offsets that a group would read next; partitions without one are missing. */
  groupOffsets(group: string, topic: string): Promise<ReadonlyMap<number, number>>
  /** `exists` if there is one already, whatever its settings. */
  createTopic(topic: NewTopic): Promise<'created' | 'exists'>
  /** Ends all connections; calls that wait reject. A second call does nothing. */
  close(): Promise<void>
}

/**
 * Transactions under one transactional id, one after the other. Not for concurrent use, but writes
 * may overlap: those to one partition arrive in the order of the calls, up to 5 at a time.
 *
 *     fence  (write* end)  fence  (write* end)  ...
 *
 * `fence` before every transaction (KIP-890): it gives the epoch that keeps a late packet of the one
 * before from ending this one. After any answer but `ok` every call answers the same until `fence`.
 *
 * - `fenced`: another owner of the id, or the time-out of the transaction, took over. This write did not and will not appear.
 * - `unknown`: no answer, or one that leaves it open (also: a leader that moved). `fence`, then read what is there.
 */
export interface TransactionLane {
  /**
   * A fresh epoch: waits until the transaction that was open under this id, if any, is committed or
   * aborted to the end. Rejects with an error that `isRetriable` if that takes longer than the request time-out.
   */
  fence(): Promise<void>
  /** Adds the partition to the transaction if it is new, and appends `batch`, which is not changed. */
  write(topic: string, partition: number, batch: UnsealedBatch): Promise<WriteAnswer<'ok' | 'fenced' | 'unknown'>>
  /** Ends the transaction. One without a write needs no request and is `ok`. */
  end(commit: boolean): Promise<WriteAnswer<'ok' | 'fenced' | 'unknown'>>
}

/**
 * One v2 record batch whose producer id, epoch, sequence, transactional bit and checksum are not
 * filled in: the port does so in the bytes it sends. May be kept in a snapshot and written later, also more than once.
 */
export interface UnsealedBatch {
  readonly bytes: Uint8Array
  /** How many records are in it. */
  readonly count: number
}

export interface WriteAnswer<O extends 'ok' | 'failed' | 'fenced' | 'unknown'> {
  /** `failed`: not written, and trying again may help (the leader moved, too few replicas). */
  readonly outcome: O
  /** Why not `ok`, such as `NOT_LEADER_OR_FOLLOWER`, for an error message. */
  readonly reason?: string
}

export interface TopicPartition {
  readonly partition: number
  /** Node id of the leader; -1 while there is none. */
  readonly leader: number
}

/**
 * `earliest`: the first that is left. `latest`: the next to be written (high watermark). `stable`: the
 * first of an open transaction, else `latest`. `timestamp`: the first at or after it, else `latest`;
 * milliseconds since 1970.
 */
export type OffsetQuestion = 'earliest' | 'latest' | 'stable' | { readonly timestamp: number }

export interface TopicOffset {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

export interface WantedPartition {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly maxBytes: number
}

export interface FetchOptions {
  readonly maxWaitMs: number
  readonly maxBytes: number
  /** `committed`: up to the first open transaction, and with the list of those that were aborted. */
  readonly isolation: 'committed' | 'uncommitted'
}

export interface FetchedPartition {
  readonly topic: string
  readonly partition: number
  /** The broker's word, such as `OFFSET_OUT_OF_RANGE`; `undefined` if all is well. */
  readonly error: string | undefined
  readonly highWatermark: number
  readonly lastStableOffset: number
  readonly logStartOffset: number
  /** In the broker's order, which is not that of `firstOffset`. Only with `isolation: 'committed'`. */
  readonly abortedTransactions: readonly AbortedTransaction[]
  /** Whole batches, and perhaps the beginning of one more. The first may begin before the wanted offset. */
  readonly batches: Uint8Array
}

export interface AbortedTransaction {
  readonly producerId: bigint
  readonly firstOffset: number
}

export interface NewTopic {
  readonly topic: string
  readonly partitions: number
  /** -1 for the default of the broker. */
  readonly replicas: number
  readonly config?: Readonly<Record<string, string>>
}
