import { type Key, MalstromError, type Sink, type Source } from '@malstrom/core'
import type { KafkaConnection } from '../client/kafka-connection.ts'
import type { KafkaRecord } from '../record-batch/kafka-record.ts'
import type { RecordHeaders } from '../record-batch/record-batch-builder.ts'
import { kafkaSink } from '../sink/kafka-sink.ts'
import { partitionOfKey } from '../sink/murmur2.ts'
import { kafkaSource } from '../source/kafka-source.ts'

/** What a stream URL says, as `parseStreamUrl` of `@malstrom/connector-file` reads it. */
export interface KafkaUrl {
  readonly nodes: readonly { readonly address: string; readonly user?: string; readonly password?: string }[]
  readonly keys: readonly string[]
}

/** A record as a message of a stream: the topic is its `key`, the partition its `shard` and the offset its `sequence`. */
export interface KafkaMessage {
  readonly key: string
  readonly shard: bigint
  readonly sequence: bigint
  /** Milliseconds since 1970; 0 if the record has none. */
  readonly timestamp: number
  /** Empty for a tombstone. */
  readonly payload: Uint8Array
  /** What only Kafka has, so that a copy from topic to topic keeps it. */
  readonly kafka: KafkaParts
}

/** The parts of a record that a stream of another system has no place for. */
export interface KafkaParts {
  readonly key: Uint8Array | undefined
  readonly headers: RecordHeaders
  readonly isTombstone: boolean
}

/** A message to be written to a topic. */
export interface NewKafkaMessage {
  /** Strings are written as UTF-8. */
  readonly payload: Uint8Array | string
  /** The partition is the shard, modulo the number of partitions: what was in order in its shard stays so. @default by the key of the record */
  readonly shard?: bigint
  /** Milliseconds since 1970. Kafka deletes by it. @default now */
  readonly timestamp?: number
  /** @default no key, no headers */
  readonly kafka?: KafkaParts
}

/** What a URL cannot say: TLS, mechanisms of logging in, timeouts. */
export type KafkaSchemeOptions = Omit<KafkaConnection, 'brokers' | 'client'>

/** How topics are read and written by URL. */
export interface KafkaScheme {
  source(
    url: KafkaUrl,
    options: { readonly start?: 'beginning' | 'end' | { readonly timestamp: number } },
  ): Source<KafkaMessage, number, string, unknown>
  sink(
    url: KafkaUrl,
    options: { readonly delivery?: 'at-least-once' | 'exactly-once' },
  ): Sink<NewKafkaMessage, unknown, unknown, Key, unknown>
}

/**
 * The scheme of `kafka://user:password@a:9092,b:9092/topic,topic`, for `sourceFromUrl` and `sinkFromUrl`. The port is 9092 if there
 * is none. A user with a password logs in by SASL/PLAIN; give `ssl` with it, or the password is sent as it is.
 *
 * Topics are read from their beginning and never end, with what is committed only. A sink writes to one topic; key, headers and
 * tombstones of messages that come from Kafka are kept. Throws `ERR_OPERATOR_ARGUMENT` for a URL that cannot be used.
 */
export function kafkaScheme(options: KafkaSchemeOptions = {}): KafkaScheme {
  return {
    source(url, { start = 'beginning' }) {
      if (url.keys.length === 0) throw refusal(url, 'it names no topic. Write kafka://host:9092/topic, or several with commas')
      return kafkaSource({
        ...connectionOf(url, options),
        topic: url.keys,
        decode: messageOf,
        start: start === 'beginning' ? 'earliest' : start === 'end' ? 'latest' : start,
      })
    },
    sink(url, { delivery = 'at-least-once' }) {
      const [topic, ...others] = url.keys
      if (topic === undefined || others.length > 0)
        throw refusal(url, `it names ${url.keys.length} topics. Name the one to write to: kafka://host:9092/topic`)
      return kafkaSink<NewKafkaMessage>({
        ...connectionOf(url, options),
        topic,
        delivery,
        encode: ({ payload, kafka }) => (kafka?.isTombstone === true ? null : payload),
        key: ({ kafka }) => kafka?.key,
        headers: ({ kafka }) => kafka?.headers ?? NO_HEADERS,
        timestamp: ({ timestamp = Date.now() }) => timestamp,
        partition: partitionOf,
      })
    },
  }
}

/** `kafka` without options, to be passed to `sourceFromUrl` and `sinkFromUrl`: `{ ...fileSchemes, ...kafkaSchemes }`. */
export const kafkaSchemes: { readonly kafka: KafkaScheme } = { kafka: kafkaScheme() }

const DEFAULT_PORT = 9092

function connectionOf(url: KafkaUrl, options: KafkaSchemeOptions): KafkaConnection {
  const brokers = url.nodes.map(({ address }) => {
    const [, host, port = String(DEFAULT_PORT)] = /^(\[[^\]/]+\]|[^\s:/]+)(?::(\d{1,5}))?$/.exec(address) ?? []
    if (host === undefined || host === '.') throw refusal(url, 'a broker is host or host:port. Write kafka://host:9092/topic')
    return `${host}:${port}`
  })
  const logins = url.nodes.filter(({ user }) => user !== undefined)
  const [login] = logins
  if (login === undefined) return { ...options, brokers }
  const { user = '', password } = login
  if (logins.some((other) => other.user !== user || other.password !== password))
    throw refusal(url, 'its nodes have different users or passwords. Write one user, with the first node')
  if (user === '' || password === undefined) throw refusal(url, 'a user has a password, and a password a user. Write user:password@host')
  if (options.sasl !== undefined) throw refusal(url, 'it has a user, and so has the scheme. Leave one of them out')
  return { ...options, brokers, sasl: { mechanism: 'plain', username: user, password } }
}

function messageOf(record: KafkaRecord): KafkaMessage {
  const { topic, partition, offset, timestamp, key, value, headers } = record
  return {
    key: topic,
    shard: BigInt(partition),
    sequence: BigInt(offset),
    timestamp: timestamp < 0 ? 0 : timestamp,
    // Copies: a record is a view of everything that was fetched with it.
    payload: value === undefined ? NOTHING : new Uint8Array(value),
    kafka: {
      key: key === undefined ? undefined : new Uint8Array(key),
      headers: headers.length === 0 ? NO_HEADERS : headers.map(({ name, value }) => [name, value && new Uint8Array(value)]),
      isTombstone: record.isTombstone,
    },
  }
}

const NOTHING = new Uint8Array(0)
const NO_HEADERS: RecordHeaders = []

function partitionOf({ shard, kafka }: NewKafkaMessage, _key: unknown, _timestamp: unknown, partitionCount: number): number {
  if (shard !== undefined) return Number(shard) % partitionCount
  const key = kafka?.key
  return key === undefined ? 0 : partitionOfKey(key, partitionCount)
}

/** Shows hosts and topics, and never a user or a password. */
function refusal({ nodes, keys }: KafkaUrl, problem: string): MalstromError {
  const shown = `kafka://${nodes.map(({ address }) => (address === '.' ? '' : address)).join(',')}/${keys.join(',')}`
  return new MalstromError('ERR_OPERATOR_ARGUMENT', `The stream URL "${shown}" cannot be used: ${problem}.`)
}
