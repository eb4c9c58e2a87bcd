import { checkOptionNames, MalstromError } from '@malstrom/core'
import { check, isCount } from '../server/http-error.ts'
import { SERVER_OPTIONS, type ServerOptions, type ServerSettings, serverSettings } from '../server/server-options.ts'

/** A client that asks to be let in. */
export interface LiveRequest {
  /** Path and query. */
  readonly url: string
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

export interface LiveSinkOptions<V, K, T> extends ServerOptions {
  /** The text of a record. @default its value as JSON */
  readonly encode?: (value: V, key: K, timestamp: T) => string
  /** Who may listen, told by a cookie or a query for example; besides `origins`. @default everybody who can reach the port */
  readonly authorize?: (request: LiveRequest) => boolean
  /** How many of the last records a new client gets first. They are in memory only. @default 0 */
  readonly replayRecords?: number
  /** How much may wait for one client, in bytes; more makes it a slow one. @default 1_048_576 (1 MiB) */
  readonly clientBytesMax?: number
  /**
   * What happens to a client that does not keep up. `disconnect`: its connection ends, and it may come again. `drop`: it misses the
   * records that come until it has caught up. @default 'disconnect'
   */
  readonly onSlow?: 'disconnect' | 'drop'
  /** How often clients get a sign of life, and those that are gone are noticed, in milliseconds. @default 15_000 */
  readonly heartbeatMs?: number
  /** More clients than this are refused. @default 1_000 */
  readonly clientsMax?: number
}

/** How many records there have been: their ids. */
export interface LivePosition {
  readonly sequence: number
}

export interface LiveSettings<V, K, T> {
  readonly server: ServerSettings
  readonly encode: (value: V, key: K, timestamp: T) => string
  readonly authorize: (request: LiveRequest) => boolean
  readonly replayRecords: number
  readonly clientBytesMax: number
  readonly onSlow: 'disconnect' | 'drop'
  readonly heartbeatMs: number
  readonly clientsMax: number
}

const OPTIONS = ['encode', 'authorize', 'replayRecords', 'clientBytesMax', 'onSlow', 'heartbeatMs', 'clientsMax']
const HEARTBEAT_MS_MAX = 2 ** 31 - 1

export function liveSettings<V, K, T>(owner: string, options: LiveSinkOptions<V, K, T>): LiveSettings<V, K, T> {
  checkOptionNames(owner, options, [...OPTIONS, ...SERVER_OPTIONS])
  const { encode = (value: V) => JSON.stringify(value), authorize = () => true, replayRecords = 0, onSlow = 'disconnect' } = options
  const { clientBytesMax = 1024 * 1024, heartbeatMs = 15_000, clientsMax = 1_000 } = options
  const server = serverSettings(owner, options)
  check(owner, typeof encode === 'function', 'encode: a function that gives text')
  check(owner, typeof authorize === 'function', 'authorize: a function')
  check(owner, Number.isSafeInteger(replayRecords) && replayRecords >= 0, 'replayRecords: a whole number, 0 or more')
  check(owner, onSlow === 'disconnect' || onSlow === 'drop', "onSlow: 'disconnect' or 'drop'")
  for (const [name, count] of Object.entries({ clientBytesMax, heartbeatMs, clientsMax })) {
    check(owner, isCount(count), `${name}: a whole number above 0`)
  }
  check(owner, heartbeatMs <= HEARTBEAT_MS_MAX, `a heartbeatMs of at most ${HEARTBEAT_MS_MAX}`)
  return { server, encode, authorize, replayRecords, clientBytesMax, onSlow, heartbeatMs, clientsMax }
}

/** What a record is sent as. */
export function textOf<V, K, T>(settings: LiveSettings<V, K, T>, value: V, key: K, timestamp: T): string {
  const text = settings.encode(value, key, timestamp) as unknown
  if (typeof text === 'string') return text
  const problem = `encode of ${settings.server.owner} gave ${text === undefined ? 'undefined' : typeof text}, not text. Let it return a string.`
  throw new MalstromError('ERR_RECORD_INVALID', problem)
}
