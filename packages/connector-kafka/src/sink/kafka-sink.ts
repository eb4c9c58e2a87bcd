import { checkOptionNames, type Key, MalstromError, type Sink } from '@malstrom/core'
import { checkKafkaConnection, type KafkaConnection, openKafka } from '../client/kafka-connection.ts'
import type { KafkaPort } from '../client/kafka-port.ts'
import type { CompressionName } from '../record-batch/compression/compression.ts'
import { compressionOf } from '../record-batch/compression/compressions.ts'
import type { RecordBytes, RecordHeaders } from '../record-batch/record-batch-builder.ts'
import type { LaneState } from './lane-state.ts'
import { PlainSink } from './plain-sink.ts'
import { TransactionalSink } from './transactional-sink.ts'

export interface KafkaSinkOptions<V, K = unknown, T = unknown> extends KafkaConnection {
  /** Where records go. Must exist: a job does not guess how many partitions it has. */
  readonly topic: string
  /** The value of a record, as text (UTF-8) or bytes; `null` or `undefined` is a tombstone. */
  readonly encode: (value: V, key: K, timestamp: T) => RecordBytes
  /** The key of a record; `null` or `undefined` for none. @default the key of the stream as text, tuples as JSON */
  readonly key?: (value: V, key: K, timestamp: T) => RecordBytes
  /**
   * The partition of a record, from 0 to `partitionCount - 1`. The count is that of the start of the job.
   *
   * @default by the key, as Kafka's Java client does (murmur2); records without a key fill one batch after the other
   */
  readonly partition?: (value: V, key: K, timestamp: T, partitionCount: number) => number
  /** @default none */
  readonly headers?: (value: V, key: K, timestamp: T) => RecordHeaders
  /**
   * The timestamp of a record, in milliseconds since 1970. Kafka deletes by it: one of long ago may be
   * gone at once. @default the time at which it is written
   */
  readonly timestamp?: (value: V, key: K, timestamp: T) => number
  /** Of batches. `zstd` needs Node 22.15 or later. @default 'none' */
  readonly compression?: CompressionName
  /**
   * `at-least-once`: records are written as they come, and a restart writes the last ones again.
   * `exactly-once`: records are written in a transaction when the snapshot that they belong to is
   * durable, or at the end of the job, and readers with `isolation.level=read_committed` see each once.
   *
   * @default 'at-least-once'
   */
  readonly delivery?: 'at-least-once' | 'exactly-once'
  /**
   * With exactly-once: send records into the open transaction as they come, so that a commit has less
   * to do. Readers of the topic wait at the first open transaction. @default false
   */
  readonly eager?: boolean
  /**
   * With exactly-once: into how many transactions the keys of the stream are divided, which as many workers
   * can write at the same time. A stream without keys uses one. @default 8
   */
  readonly lanes?: number
  /** With exactly-once: the topic of the job's markers, compacted, one partition; it is made. @default `malstrom-commits-<job>` */
  readonly commitTopic?: string
  /**
   * With exactly-once: what happens if the topic has output of this job that the saved state does not know.
   * `fail`: `ERR_KAFKA_OUTPUT_UNKNOWN`. `adopt`: write on after it; for one start, then remove it. @default 'fail'
   */
  readonly onUnknownOutput?: 'fail' | 'adopt'
  /** With exactly-once: when brokers abort what was left open, in milliseconds. @default 60_000 */
  readonly transactionTimeoutMs?: number
  /** With exactly-once: how much output of one lane may wait for a snapshot, in bytes. @default 268_435_456 (256 MiB) */
  readonly stagedBytesMax?: number
  /** How large a batch may be before compression. The topic must allow it: its `max.message.bytes`. @default 921_600 (900 KiB) */
  readonly batchBytesMax?: number
  /** With at-least-once: how much may wait for brokers before the stream waits, in bytes. @default 16_777_216 (16 MiB) */
  readonly bufferBytesMax?: number
  /** For how long a write is tried again while brokers are away, in milliseconds. @default 50_000 */
  readonly retryForMs?: number
}

/** A sink of a topic; what its snapshots hold depends on the delivery. */
export type KafkaSink<V, K, T> = Sink<V, K, T, Key, LaneState | undefined>

const CONNECTION_OPTIONS = ['brokers', 'ssl', 'sasl', 'clientId', 'connectionTimeoutMs', 'requestTimeoutMs', 'client'] as const
const OPTIONS = [
  ...['topic', 'encode', 'key', 'partition', 'headers', 'timestamp', 'compression', 'delivery', 'eager', 'lanes', 'commitTopic'],
  ...['onUnknownOutput', 'transactionTimeoutMs', 'stagedBytesMax', 'batchBytesMax', 'bufferBytesMax', 'retryForMs'],
]

/**
 * Writes records to a topic of Apache Kafka (3.7 or later is recommended for exactly-once).
 *
 * Throws `ERR_OPERATOR_ARGUMENT` for options that cannot work. While a job runs, brokers may go away and
 * come back; after `retryForMs` the job fails with `ERR_KAFKA`, with nothing lost.
 */
export function kafkaSink<V, K = unknown, T = unknown>(options: KafkaSinkOptions<V, K, T>): KafkaSink<V, K, T> {
  checkOptionNames('kafkaSink', options, [...CONNECTION_OPTIONS, ...OPTIONS])
  const connection = connectionOf(options)
  checkKafkaConnection('kafkaSink', connection)
  return sinkOver(options, () => openKafka(connection))
}

/** The sink over another port than that of kafkajs. */
export function sinkOver<V, K, T>(options: KafkaSinkOptions<V, K, T>, open: () => KafkaPort): KafkaSink<V, K, T> {
  const { topic, encode, key, partition, headers, timestamp, commitTopic } = options
  const { compression = 'none', delivery = 'at-least-once', eager = false, onUnknownOutput = 'fail' } = options
  if (typeof topic !== 'string' || topic === '') refuse('topic is not a name')
  if (typeof encode !== 'function') refuse('encode is not a function')
  for (const [name, given] of Object.entries({ key, partition, headers, timestamp })) {
    if (given !== undefined && typeof given !== 'function') refuse(`${name} is not a function`)
  }
  oneOf('delivery', delivery, ['at-least-once', 'exactly-once'])
  oneOf('onUnknownOutput', onUnknownOutput, ['fail', 'adopt'])
  compressionOf(compression)
  const writing = {
    open,
    topic,
    encoding: { encode, key, partition, headers, timestamp },
    compression,
    batchBytesMax: positive('batchBytesMax', options.batchBytesMax ?? 900 * 1024),
    retryForMs: positive('retryForMs', options.retryForMs ?? 50_000),
  }
  if (delivery === 'at-least-once') {
    const bufferBytesMax = positive('bufferBytesMax', options.bufferBytesMax ?? 16 * 1024 * 1024)
    return new PlainSink<V, K, T>({ ...writing, bufferBytesMax }) as KafkaSink<V, K, T>
  }
  return new TransactionalSink<V, K, T>({
    ...writing,
    eager,
    commitTopic,
    adopt: onUnknownOutput === 'adopt',
    lanes: positive('lanes', options.lanes ?? 8),
    transactionTimeoutMs: positive('transactionTimeoutMs', options.transactionTimeoutMs ?? 60_000),
    stagedBytesMax: positive('stagedBytesMax', options.stagedBytesMax ?? 256 * 1024 * 1024),
  }) as Sink<V, K, T, number, LaneState> as KafkaSink<V, K, T>
}

function connectionOf(options: KafkaConnection): KafkaConnection {
  const given = CONNECTION_OPTIONS.filter((name) => options[name] !== undefined)
  return Object.fromEntries(given.map((name) => [name, options[name]]))
}

function positive(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value > 0) return value
  return refuse(`${name} is ${value}, not a whole number above 0`)
}

function oneOf(name: string, value: string, allowed: readonly string[]): void {
  if (!allowed.includes(value)) refuse(`${name} is ${allowed.join(' or ')}, not ${String(value)}`)
}

function refuse(problem: string): never {
  throw new MalstromError('ERR_OPERATOR_ARGUMENT', `kafkaSink: ${problem}.`)
}
