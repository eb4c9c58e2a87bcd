import { checkOptionNames, MalstromError, type PartitionContext, type Sink } from '@malstrom/core'
import { ioredisConnector } from '../client/ioredis-port.ts'
import { ADDRESS_OPTIONS, type RedisAddress } from '../client/redis-options.ts'
import type { RedisArgument, RedisCommand, RedisConnector } from '../client/redis-port.ts'
import { CommandPartition } from './command-partition.ts'
import { jsonOf } from './entry-fields.ts'
import { BUFFER_BYTES } from './redis-sink.ts'

type Of<V, K, T, R> = (value: V, key: K, timestamp: T) => R

interface KeyedOptions extends RedisAddress {
  /** How much may wait for the server. @default 4 MiB */
  readonly bufferBytes?: number
}

export interface RedisSetOptions<V, K, T> extends KeyedOptions {
  /** The key in Redis. @default the key of the record, as text */
  readonly key?: Of<V, K, T, string>
  /** What is kept there; `undefined` removes the key. @default texts as they are, everything else as JSON, nothing for null and undefined */
  readonly value?: Of<V, K, T, RedisArgument | undefined>
  /** After how many milliseconds without a new value the key goes. @default never */
  readonly ttlMs?: number
}

/** Keeps the last value of each key: SET, or DEL. What comes again after a restart ends with the same values. */
export function redisSet<V, K, T>(options: RedisSetOptions<V, K, T> = {}): Sink<V, K, T, string, undefined> {
  const { key = textOfKey, value = textOrNothing, ttlMs } = options
  checkKeyed('redisSet', options, { key, value }, ['key', 'value', 'ttlMs'])
  if (ttlMs !== undefined && !(Number.isSafeInteger(ttlMs) && ttlMs > 0)) throw refusal('redisSet', 'a ttlMs of at least 1')
  const ttl = ttlMs === undefined ? [] : ['PX', String(ttlMs)]
  return new CommandSink('redisSet', 'set keys', options, (record, recordKey, timestamp) => {
    const [name, content] = [key(record, recordKey, timestamp), value(record, recordKey, timestamp)]
    return content === undefined ? ['del', name] : ['set', name, content, ...ttl]
  })
}

export interface RedisHashOptions<V, K, T> extends KeyedOptions {
  /** The hash, or a function that names it. */
  readonly hash: string | Of<V, K, T, string>
  /** @default the key of the record, as text */
  readonly field?: Of<V, K, T, string>
  /** What is kept there; `undefined` removes the field. @default texts as they are, everything else as JSON, nothing for null and undefined */
  readonly value?: Of<V, K, T, RedisArgument | undefined>
}

/** Keeps the last value of each key in a hash: HSET, or HDEL. What comes again after a restart ends with the same values. */
export function redisHash<V, K, T>(options: RedisHashOptions<V, K, T>): Sink<V, K, T, string, undefined> {
  const { hash, field = textOfKey, value = textOrNothing } = options
  const hashOf = namedBy(hash)
  checkKeyed('redisHash', options, { hash: hashOf, field, value }, ['hash', 'field', 'value'])
  return new CommandSink('redisHash', 'set fields', options, (record, key, timestamp) => {
    const [name, content] = [field(record, key, timestamp), value(record, key, timestamp)]
    const target = hashOf(record, key, timestamp)
    return content === undefined ? ['hdel', target, name] : ['hset', target, name, content]
  })
}

export interface RedisSortedSetOptions<V, K, T> extends KeyedOptions {
  /** The sorted set, or a function that names it. */
  readonly set: string | Of<V, K, T, string>
  /** @default the key of the record, as text */
  readonly member?: Of<V, K, T, string>
  /** By what members are sorted; `undefined` removes the member, what is no number fails the job. @default the record itself */
  readonly score?: Of<V, K, T, number | undefined>
}

/**
 * Keeps the last value of each key as its score in a sorted set, as leaderboards are: ZADD, or ZREM. What comes again after a
 * restart ends with the same scores.
 */
export function redisSortedSet<V, K, T>(options: RedisSortedSetOptions<V, K, T>): Sink<V, K, T, string, undefined> {
  const { set, member = textOfKey, score = itself } = options
  const setOf = namedBy(set)
  checkKeyed('redisSortedSet', options, { set: setOf, member, score }, ['set', 'member', 'score'])
  return new CommandSink('redisSortedSet', 'set scores', options, (record, key, timestamp) => {
    const [name, points] = [member(record, key, timestamp), score(record, key, timestamp)]
    const target = setOf(record, key, timestamp)
    return points === undefined ? ['zrem', target, name] : ['zadd', target, scoreText(points), name]
  })
}

export interface RedisPublishOptions<V, K, T> extends KeyedOptions {
  /** The channel, or a function that names it. */
  readonly channel: string | Of<V, K, T, string>
  /** @default texts as they are, everything else as JSON */
  readonly message?: Of<V, K, T, RedisArgument>
}

/** Publishes each record to whoever listens at that moment: PUBLISH. After a restart messages come again. */
export function redisPublish<V, K, T>(options: RedisPublishOptions<V, K, T>): Sink<V, K, T, string, undefined> {
  const { channel, message = textOf } = options
  const channelOf = namedBy(channel)
  checkKeyed('redisPublish', options, { channel: channelOf, message }, ['channel', 'message'])
  return new CommandSink('redisPublish', 'publish', options, (record, key, timestamp) => [
    'publish',
    channelOf(record, key, timestamp),
    message(record, key, timestamp),
  ])
}

/** A name that may be the same for all records. */
function namedBy<V, K, T>(name: string | Of<V, K, T, string>): Of<V, K, T, string> {
  return typeof name === 'string' ? () => name : name
}

/** One command for each record; every worker sends its own. */
class CommandSink<V, K, T> implements Sink<V, K, T, string, undefined> {
  readonly stateless = true
  readonly #connector: RedisConnector
  readonly #task: string
  readonly #options: KeyedOptions
  readonly #commandOf: Of<V, K, T, RedisCommand>

  constructor(owner: string, task: string, options: KeyedOptions, commandOf: Of<V, K, T, RedisCommand>) {
    this.#connector = ioredisConnector(owner, options)
    this.#task = task
    this.#options = options
    this.#commandOf = commandOf
  }

  async openPartition(_partition: string, _state: undefined, { operator, worker }: PartitionContext): Promise<CommandPartition<V, K, T>> {
    return new CommandPartition<V, K, T>({
      port: await this.#connector.connect(),
      server: this.#connector.name,
      task: this.#task,
      context: { operator, worker },
      bufferBytesMax: this.#options.bufferBytes ?? BUFFER_BYTES,
      partsOf: this.#commandOf,
      commandsOf: (commands) => commands as readonly RedisCommand[],
    })
  }
}

function itself(value: unknown): number | undefined {
  return value === null ? undefined : (value as number | undefined)
}

function scoreText(score: number): string {
  if (typeof score === 'number' && !Number.isNaN(score)) return Number.isFinite(score) ? String(score) : score > 0 ? '+inf' : '-inf'
  throw new MalstromError('ERR_RECORD_INVALID', `A score is a number, not ${String(score)}. Give a score that makes one of the record.`)
}

function textOfKey(_value: unknown, key: unknown): string {
  if (key !== undefined) return typeof key === 'object' ? JSON.stringify(key) : String(key)
  throw new MalstromError('ERR_RECORD_INVALID', 'The stream has no keys. Name the key or field with a function, or key the stream before.')
}

function textOrNothing(value: unknown): RedisArgument | undefined {
  return value === undefined || value === null ? undefined : textOf(value)
}

function textOf(value: unknown): RedisArgument {
  return typeof value === 'string' || Buffer.isBuffer(value) ? value : jsonOf(value)
}

function checkKeyed(owner: string, options: KeyedOptions, functions: Record<string, unknown>, names: readonly string[]): void {
  checkOptionNames(owner, options, [...names, 'bufferBytes', ...ADDRESS_OPTIONS])
  for (const [name, given] of Object.entries(functions)) {
    if (typeof given !== 'function') throw refusal(owner, `a ${name}`)
  }
  const { bufferBytes = 1 } = options
  if (!(Number.isSafeInteger(bufferBytes) && bufferBytes > 0)) throw refusal(owner, 'a bufferBytes of at least 1')
}

function refusal(owner: string, what: string): MalstromError {
  return new MalstromError('ERR_OPERATOR_ARGUMENT', `${owner} needs ${what}.`)
}
