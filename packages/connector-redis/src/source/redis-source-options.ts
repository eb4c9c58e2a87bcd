import { checkOptionNames, MalstromError } from '@malstrom/core'
import { ADDRESS_OPTIONS, type RedisAddress } from '../client/redis-options.ts'
import { entryIdBefore, FIRST_ID, parseEntryId } from './entry-id.ts'
import type { RedisEntry } from './redis-entry.ts'

/** Where reading begins if no snapshot says it: at an entry, or the first one at or after a time in milliseconds since 1970. */
export type RedisStart = 'earliest' | 'latest' | { readonly id: string } | { readonly timeMs: number }

export interface RedisGroupOptions {
  /** The consumer group. It is made if there is none, and then begins at `start`. */
  readonly name: string
  /**
   * What the consumers of this source are called, followed by `/` and a name for each opening. No other source of the group may have it.
   *
   * @default `malstrom:<job>:<operator>`
   */
  readonly consumer?: string
  /** Make the stream if there is none; otherwise that is an error. @default false */
  readonly createStream?: boolean
  /** Take over what other consumers of the group were given and have not acknowledged. @default never */
  readonly claim?: {
    /** For how long they must not have. Longer than those consumers, and the snapshots of other jobs, may take. @default 60_000 */
    readonly idleMs?: number
    /** How often to look for it, in milliseconds. @default 30_000 */
    readonly intervalMs?: number
  }
  /** Entries that were given to consumers that often and are still not acknowledged go to another stream and are acknowledged. */
  readonly poison?: { readonly deliveriesMax: number; readonly deadLetter: string }
}

export interface RedisShards {
  /** @default 1 */
  readonly partitions?: number
  /** How often to look for new ones, in milliseconds. @default 5_000 */
  readonly discoveryMs?: number
  /**
   * A stream that has no shards when it is opened for the first time is read itself, and shards that come up later are read beside it.
   * Several streams may be named; each is one partition with all its shards. Their numbers have no gaps of 64 or more.
   *
   * @default false
   */
  readonly optional?: boolean
}

export interface RedisSourceOptions<V, F extends string | Buffer = string> extends RedisAddress {
  /** The stream, or several; each is a partition. */
  readonly stream: string | readonly string[]
  /**
   * Read `<stream>:0`, `<stream>:1` and so on in place of `<stream>`, also those that come up later. They are divided among `partitions`,
   * which is the most workers that can read at the same time, and must stay the same for a saved job.
   */
  readonly shards?: RedisShards
  /** Turns an entry into a value: `jsonField()`, `textField()`, `allFields()` or a function of yours. What it throws is told by `onUndecodable`. */
  readonly decode: (entry: RedisEntry<F>) => V
  /** Names and values of fields are given to `decode` as buffers; otherwise as strings, which is faster for text. @default false */
  readonly bytes?: F extends Buffer ? true : false
  /** @default 'earliest' */
  readonly start?: RedisStart
  /** Read as a member of a consumer group, with acknowledgements; otherwise all entries are read, and Redis is told nothing. */
  readonly group?: RedisGroupOptions
  /** @default 'fail' */
  readonly onUndecodable?: 'fail' | 'skip' | { readonly deadLetter: string }
  /** What happens when entries that were not read have been trimmed away, or the stream was deleted. @default 'fail' */
  readonly onPositionLost?: 'fail' | 'earliest'
  /** The most entries of one request; fewer if they are larger than 4 MiB together. @default 1_000 */
  readonly batchRecords?: number
}

const OPTIONS = ['stream', 'shards', 'decode', 'bytes', 'start', 'group', 'onUndecodable', 'onPositionLost', 'batchRecords']
const SHARD_OPTIONS = ['partitions', 'discoveryMs', 'optional']
const GROUP_OPTIONS = ['name', 'consumer', 'createStream', 'claim', 'poison']

/** @throws MalstromError `ERR_OPERATOR_ARGUMENT` */
export function checkSourceOptions(options: RedisSourceOptions<unknown, never>): void {
  checkOptionNames('redisSource', options, [...OPTIONS, ...ADDRESS_OPTIONS])
  const { stream, shards, decode, start = 'earliest', group, onUndecodable, onPositionLost, batchRecords = 1 } = options
  const streams = typeof stream === 'string' ? [stream] : stream
  check(streams.length > 0 && streams.every((name) => typeof name === 'string' && name !== ''), 'the name of a stream, or several')
  check(new Set(streams).size === streams.length, 'each stream once')
  check(typeof decode === 'function', 'decode: jsonField(), textField(), allFields() or a function')
  check(isCount(batchRecords), 'a batchRecords of at least 1')
  check(isCount(shards?.partitions ?? 1) && (shards?.discoveryMs ?? 1) > 0, 'shards.partitions and shards.discoveryMs above 0')
  if (shards !== undefined) checkOptionNames('redisSource: shards', shards, SHARD_OPTIONS)
  check(shards === undefined || shards.optional === true || streams.length === 1, 'one stream, if it has shards')
  check(shards?.optional !== true || shards.partitions === undefined, 'either shards.partitions or shards.optional')
  check(onPositionLost === undefined || ['fail', 'earliest'].includes(onPositionLost), "onPositionLost: 'fail' or 'earliest'")
  const isPolicy = typeof onUndecodable === 'object' ? isName(onUndecodable.deadLetter) : ['fail', 'skip'].includes(onUndecodable ?? 'fail')
  check(isPolicy, "onUndecodable: 'fail', 'skip' or { deadLetter: <stream> }")
  startOf(start)
  if (group !== undefined) checkGroup(group)
}

/** After which entry reading begins; `undefined` for the last one there is. */
export function startOf(start: RedisStart): string | undefined {
  if (start === 'earliest') return FIRST_ID
  if (start === 'latest') return undefined
  const id = 'id' in start ? parseEntryId(start.id) : isTime(start.timeMs) ? `${start.timeMs}-0` : undefined
  check(id !== undefined, "start: 'earliest', 'latest', { id: '<milliseconds>-<sequence>' } or { timeMs }")
  return entryIdBefore(id as string)
}

function checkGroup(group: RedisGroupOptions): void {
  checkOptionNames('redisSource: group', group, GROUP_OPTIONS)
  const { name, consumer = 'x', claim = {}, poison } = group
  check(isName(name) && isName(consumer), 'a name for the group and for its consumer')
  check((claim.idleMs ?? 1) > 0 && (claim.intervalMs ?? 1) > 0, 'claim.idleMs and claim.intervalMs above 0')
  check(poison === undefined || (isCount(poison.deliveriesMax) && isName(poison.deadLetter)), 'poison: { deliveriesMax, deadLetter }')
}

function isName(name: unknown): boolean {
  return typeof name === 'string' && name !== ''
}

function isCount(number: number): boolean {
  return Number.isSafeInteger(number) && number > 0
}

function isTime(timeMs: number): boolean {
  return Number.isSafeInteger(timeMs) && timeMs >= 0
}

function check(holds: boolean, what: string): void {
  if (!holds) throw new MalstromError('ERR_OPERATOR_ARGUMENT', `redisSource needs ${what}.`)
}
