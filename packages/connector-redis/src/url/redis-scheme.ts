import { hashKey, type Key, MalstromError, type Sink, type Source } from '@malstrom/core'
import type { RedisAddress } from '../client/redis-options.ts'
import { redisSink } from '../sink/redis-sink.ts'
import type { RedisTrim } from '../sink/stream-trim.ts'
import { type RedisEntry, VALUE_FIELD } from '../source/redis-entry.ts'
import { redisSource } from '../source/redis-source.ts'

/** What a stream URL says, as `parseStreamUrl` of `@malstrom/connector-file` reads it. */
export interface RedisUrl {
  readonly scheme: string | undefined
  readonly nodes: readonly { readonly address: string; readonly user?: string; readonly password?: string }[]
  readonly keys: readonly string[]
}

/** An entry as a message of a stream. */
export interface RedisMessage {
  /** The name of the stream, without the number of its shard. */
  readonly key: string
  /** 3 for an entry of `clicks:3`; 0 where there are no shards. */
  readonly shard: bigint
  /** The id: its milliseconds in the upper 48 bits, its sequence in the lower 16. */
  readonly sequence: bigint
  /** The milliseconds of the id. */
  readonly timestamp: number
  readonly payload: Uint8Array
}

/** A message to be written to a stream. Its id, and with it its timestamp and sequence, is given by Redis. */
export interface NewRedisMessage {
  /** The stream, unless the URL names one. */
  readonly key: string
  /** Strings are written as UTF-8. */
  readonly payload: Uint8Array | string
  /** Only where there are shards: modulo their number. @default by the key of the record; 0 without one */
  readonly shard?: bigint
}

/** What a URL cannot say. */
export interface RedisSchemeOptions extends Pick<RedisAddress, 'connectTimeoutMs'> {
  /** Options of ioredis, such as `db` and `tls`; the hosts are those of the URL. */
  readonly redis?: RedisAddress['redis']
  /** The field of an entry that holds the payload; SeaStreamer calls it `msg`. An entry that has only one field may call it anything. @default 'value' */
  readonly field?: string
  /** For sinks. @default nothing is ever trimmed */
  readonly trim?: RedisTrim
  /** For sinks: writes `<stream>:0` to `<stream>:<shards - 1>`, by the `shard` of the message. @default the stream itself */
  readonly shards?: number
  /** For sources: how often to look for new shards, in milliseconds. @default 5_000 */
  readonly discoveryMs?: number
}

/** How Redis Streams are read and written by URL. */
export interface RedisScheme {
  source(
    url: RedisUrl,
    options: { readonly start?: 'beginning' | 'end' | { readonly timestamp: number } },
  ): Source<RedisMessage, number, string, unknown>
  sink(
    url: RedisUrl,
    options: { readonly delivery?: 'at-least-once' | 'exactly-once' },
  ): Sink<NewRedisMessage, unknown, unknown, Key, unknown>
}

/**
 * The scheme of `redis://user:password@host:6379/stream,stream`, and with TLS of `rediss://`, for `sourceFromUrl` and `sinkFromUrl`.
 * The port is 6379 if there is none; several nodes are those of a cluster.
 *
 * Streams are read from their beginning, without a consumer group, and never end. Of a stream that has shards, `clicks:0` and so on, those
 * are read, also new ones. A sink writes to one stream, or each message to that of its key. Throws `ERR_OPERATOR_ARGUMENT` for a URL that cannot be used.
 */
export function redisScheme(options: RedisSchemeOptions = {}): RedisScheme {
  const { field = VALUE_FIELD, trim, shards, discoveryMs } = options
  return {
    source(url, { start = 'beginning' }) {
      if (url.keys.length === 0) throw refusal(url, 'it names no stream. Write redis://host:6379/stream, or several with commas')
      return redisSource({
        ...addressOf(url, options),
        stream: url.keys,
        shards: { optional: true, ...(discoveryMs === undefined ? {} : { discoveryMs }) },
        bytes: true,
        decode: decoderOf(field),
        start: start === 'beginning' ? 'earliest' : start === 'end' ? 'latest' : { timeMs: start.timestamp },
      })
    },
    sink(url, { delivery = 'at-least-once' }) {
      const [stream, ...others] = url.keys
      if (others.length > 0)
        throw refusal(url, `it names ${url.keys.length} streams. Name one, or none to write each message to that of its key`)
      return redisSink<NewRedisMessage, unknown, unknown>({
        ...addressOf(url, options),
        stream: stream ?? (({ key }) => key),
        delivery,
        encode: ({ payload }) => [field, typeof payload === 'string' ? payload : bufferOf(payload)],
        ...(trim === undefined ? {} : { trim }),
        ...(shards === undefined ? {} : { shards, shardOf: ({ shard }, key) => shardOf(shard, key, shards) }),
      })
    },
  }
}

/** `redis` and `rediss` without options, to be passed to `sourceFromUrl` and `sinkFromUrl`: `{ ...fileSchemes, ...redisSchemes }`. */
export const redisSchemes: { readonly redis: RedisScheme; readonly rediss: RedisScheme } = { redis: redisScheme(), rediss: redisScheme() }

const DEFAULT_PORT = 6379

function addressOf(url: RedisUrl, { redis, connectTimeoutMs }: RedisSchemeOptions): RedisAddress {
  const nodes = url.nodes.map(({ address }) => {
    const [, host, port = String(DEFAULT_PORT)] = /^(\[[^\]/]+\]|[^\s:/]+)(?::(\d{1,5}))?$/.exec(address) ?? []
    if (host === undefined || host === '.') throw refusal(url, 'a server is host or host:port. Write redis://host:6379/stream')
    return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) }
  })
  const logins = url.nodes.filter(({ user }) => user !== undefined)
  const [login] = logins
  if (logins.some(({ user, password }) => user !== login?.user || password !== login?.password))
    throw refusal(url, 'its nodes have different users or passwords. Write one user, with the first node')
  const common = {
    ...(url.scheme === 'rediss' ? { tls: {} } : {}),
    ...redis,
    ...(login?.user ? { username: login.user } : {}),
    ...(login?.password === undefined ? {} : { password: login.password }),
  }
  const timeout = connectTimeoutMs === undefined ? {} : { connectTimeoutMs }
  if (nodes.length > 1) return { ...timeout, cluster: { nodes, options: { redisOptions: common } } }
  return { ...timeout, redis: { ...common, ...nodes[0] } }
}

function shardOf(shard: bigint | undefined, key: unknown, shards: number): number {
  if (shard !== undefined) return Number(BigInt.asUintN(64, shard) % BigInt(shards))
  return key === undefined ? 0 : hashKey(key as Key) % shards
}

/** Keys of streams in URLs hold no colon, so what stands behind one is the number of a shard. */
function decoderOf(field: string): (entry: RedisEntry<Buffer>) => RedisMessage {
  const name = Buffer.from(field)
  return ({ stream, id, fields }) => {
    const dash = id.indexOf('-')
    const timestamp = Number(id.slice(0, dash))
    const count = Number(id.slice(dash + 1))
    if (timestamp > TIMESTAMP_MAX || count > COUNT_MAX)
      throw new MalstromError('ERR_RECORD_INVALID', `its id ${id} does not fit into the 64 bits of a sequence`)
    const sequence = (BigInt(timestamp) << 16n) | BigInt(count)
    const colon = stream.lastIndexOf(':')
    const [key, shard] = colon < 0 ? [stream, 0n] : [stream.slice(0, colon), BigInt(stream.slice(colon + 1))]
    return { key, shard, sequence, timestamp, payload: payloadOf(fields, name) }
  }
}

const TIMESTAMP_MAX = 2 ** 48 - 1
const COUNT_MAX = 2 ** 16 - 1

function payloadOf(fields: readonly Buffer[], name: Buffer): Uint8Array {
  if (fields.length === 2) return fields[1] as Buffer
  for (let i = 0; i < fields.length; i += 2) if (name.equals(fields[i] as Buffer)) return fields[i + 1] as Buffer
  throw new MalstromError('ERR_RECORD_INVALID', `it has ${fields.length / 2} fields, and none is "${name}"`)
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Shows hosts and streams, and never a user or a password. */
function refusal({ scheme = 'redis', nodes, keys }: RedisUrl, problem: string): MalstromError {
  const shown = `${scheme}://${nodes.map(({ address }) => (address === '.' ? '' : address)).join(',')}/${keys.join(',')}`
  return new MalstromError('ERR_OPERATOR_ARGUMENT', `The stream URL "${shown}" cannot be used: ${problem}.`)
}
