import { randomBytes } from 'node:crypto'
import { checkOptionNames, hashKey, type Key, MalstromError, type PartitionContext, type Sink } from '@malstrom/core'
import { ioredisConnector } from '../client/ioredis-port.ts'
import { ADDRESS_OPTIONS, type RedisAddress } from '../client/redis-options.ts'
import type { RedisConnector } from '../client/redis-port.ts'
import { addInScript, addOneByOne, mayRunScripts } from './add-entries.ts'
import { CommandPartition } from './command-partition.ts'
import { fieldParts, jsonFields, type RedisFields } from './entry-fields.ts'
import { laneKeys } from './staged-entries.ts'
import { StagedPartition, type StagedPosition } from './staged-partition.ts'
import { type RedisTrim, trimArguments } from './stream-trim.ts'

export interface RedisSinkOptions<V, K, T> extends RedisAddress {
  /** The stream, or a pure function that names the stream of a record. */
  readonly stream: string | ((value: V, key: K, timestamp: T) => string)
  /** Writes to `<stream>:0` to `<stream>:<shards - 1>`, by the key of the record or by `shardOf`. */
  readonly shards?: number
  /** Which shard, from 0; pure. Needed on streams without keys. @default by the hash of the key */
  readonly shardOf?: (value: V, key: K, timestamp: T) => number
  /** The fields of the entry. @default the value as JSON, in the field `value` */
  readonly encode?: (value: V, key: K, timestamp: T) => RedisFields
  /** @default nothing is ever trimmed */
  readonly trim?: RedisTrim
  /**
   * `at-least-once`: entries appear at once, and those since the last snapshot again after a restart. `exactly-once`: entries appear when
   * the snapshot that they belong to is durable, each once; each stream then has one writer.
   *
   * @default 'at-least-once'
   */
  readonly delivery?: 'at-least-once' | 'exactly-once'
  /**
   * For `exactly-once`: how long entries are kept that are staged and not committed, in milliseconds. A job that died in between must be
   * started again before that.
   *
   * @default 604_800_000 (seven days)
   */
  readonly stagedTtlMs?: number
  /** How much may wait for the server, for each stream. @default 4 MiB */
  readonly bufferBytes?: number
}

const OPTIONS = ['stream', 'shards', 'shardOf', 'encode', 'trim', 'delivery', 'stagedTtlMs', 'bufferBytes']
const STAGED_TTL_MS = 7 * 24 * 60 * 60 * 1_000
export const BUFFER_BYTES = 4 * 1024 * 1024

/**
 * Adds each record to a Redis Stream, as one entry. A lost connection is waited for, and nothing is lost with it.
 *
 * @throws MalstromError `ERR_OPERATOR_ARGUMENT`; while the job runs `ERR_REDIS`, `ERR_RECORD_INVALID`
 */
export function redisSink<V, K, T>(options: RedisSinkOptions<V, K, T>): Sink<V, K, T, string, StagedPosition | undefined> {
  checkSinkOptions(options as RedisSinkOptions<unknown, unknown, unknown>)
  return new StreamSink(ioredisConnector('redisSink', options), options)
}

/** The streams of one `redisSink`; each is a partition. */
export class StreamSink<V, K, T> implements Sink<V, K, T, string, StagedPosition | undefined> {
  readonly stateless: boolean
  readonly #connector: RedisConnector
  readonly #options: RedisSinkOptions<V, K, T>

  constructor(connector: RedisConnector, options: RedisSinkOptions<V, K, T>) {
    this.#connector = connector
    this.#options = options
    this.stateless = options.delivery !== 'exactly-once'
  }

  partitionOf(value: V, key: K, timestamp: T): string {
    const { stream, shards, shardOf } = this.#options
    const name = typeof stream === 'string' ? stream : stream(value, key, timestamp)
    if (shards === undefined) return name
    const shard = shardOf === undefined ? shardByKey(key, shards) : shardOf(value, key, timestamp)
    if (Number.isInteger(shard) && shard >= 0 && shard < shards) return `${name}:${shard}`
    throw new MalstromError('ERR_RECORD_INVALID', `shardOf returned ${String(shard)}, and there are the shards 0 to ${shards - 1}.`)
  }

  async openPartition(stream: string, saved: StagedPosition | undefined, partition: PartitionContext) {
    const { trim, encode = jsonFields, bufferBytes = BUFFER_BYTES, stagedTtlMs = STAGED_TTL_MS } = this.#options
    const { operator, worker, job, generation } = partition
    const context = { operator, worker, partition: stream }
    const fieldsOf = (value: V, key: K, timestamp: T) => fieldParts(encode(value, key, timestamp))
    const common = { server: this.#connector.name, context, bufferBytesMax: bufferBytes }
    if (this.stateless) {
      const port = await this.#connector.connect()
      const add = (await mayRunScripts(port)) ? addInScript : addOneByOne
      return new CommandPartition<V, K, T>({
        ...common,
        port,
        task: `add entries to the stream "${stream}"`,
        partsOf: fieldsOf,
        commandsOf: (entries) => add(stream, entries, trimArguments(trim)),
      })
    }
    const lane = saved?.lane ?? randomBytes(8).toString('hex')
    const keys = laneKeys(stream, `${job}/${operator}`, lane)
    if (keys === undefined) {
      const problem = `redisSink: the name of the stream "${stream}" has a } without a {...} before it, so no key can be kept beside it. Choose another name.`
      throw new MalstromError('ERR_OPERATOR_ARGUMENT', problem, { context })
    }
    const port = await this.#connector.connect()
    const staging = { ...common, port, generation, lane, keys, saved, stagedTtlMs, fieldsOf, trim: () => trimArguments(trim) }
    const staged = new StagedPartition<V, K, T>(staging)
    try {
      await staged.removeLeftovers()
    } catch (thrown) {
      staged.close()
      throw thrown
    }
    return staged
  }
}

function shardByKey(key: unknown, shards: number): number {
  if (key !== undefined) return hashKey(key as Key) % shards
  throw new MalstromError(
    'ERR_RECORD_INVALID',
    'The stream has no keys, so a record has no shard. Give a shardOf, or key the stream before.',
  )
}

function checkSinkOptions(options: RedisSinkOptions<unknown, unknown, unknown>): void {
  checkOptionNames('redisSink', options, [...OPTIONS, ...ADDRESS_OPTIONS])
  const { stream, shards = 1, trim, delivery = 'at-least-once', stagedTtlMs = 1, bufferBytes = 1 } = options
  check(typeof stream === 'function' || (typeof stream === 'string' && stream !== ''), 'the name of a stream, or a function that names it')
  check(isCount(shards), 'shards of at least 1')
  check(delivery === 'at-least-once' || delivery === 'exactly-once', "delivery: 'at-least-once' or 'exactly-once'")
  check(isCount(stagedTtlMs) && isCount(bufferBytes), 'a stagedTtlMs and a bufferBytes of at least 1')
  const isTrim = trim === undefined || isCount('maxAgeMs' in trim ? trim.maxAgeMs : trim.maxLength)
  check(isTrim, 'trim: { maxLength } or { maxAgeMs }, whole numbers above 0')
}

function isCount(number: number): boolean {
  return Number.isSafeInteger(number) && number > 0
}

function check(holds: boolean, what: string): void {
  if (!holds) throw new MalstromError('ERR_OPERATOR_ARGUMENT', `redisSink needs ${what}.`)
}
