import { MalstromError } from '@malstrom/core'

/**
 * A message of a named stream, as stream files and lines with a head have it. `key`, `shard` and `sequence` together
 * identify it. The words are those of SeaStreamer, whose formats these are.
 */
export interface StreamMessage {
  /** The name of the stream: 1 to 249 of `A` to `Z`, `a` to `z`, `0` to `9`, `.`, `_` and `-`. */
  readonly key: string
  /** From 0 to 2 ** 64 - 1. */
  readonly shard: bigint
  /** Counts within a shard of a stream. From 0 to 2 ** 64 - 1. */
  readonly sequence: bigint
  /** Milliseconds since 1970. */
  readonly timestamp: number
  /** Bytes. `new TextDecoder().decode(payload)` is their text. */
  readonly payload: Uint8Array
}

/** A message to be written; what it does not say is filled in. */
export interface NewStreamMessage {
  readonly key: string
  /** Strings are written as UTF-8. */
  readonly payload: Uint8Array | string
  /** @default 0 */
  readonly shard?: bigint
  /** @default one more than the last one of its stream and shard */
  readonly sequence?: bigint
  /** Milliseconds since 1970. @default now */
  readonly timestamp?: number
}

export interface StreamKeyOptions {
  /** Write all messages to this stream; those of others get new sequences. @default each goes to that of its key */
  readonly key?: string
}

/** The message as one of the stream `key`, if that is given. */
export function inStream(message: NewStreamMessage, key: string | undefined): NewStreamMessage {
  if (key === undefined || message.key === key) return message
  const { sequence: _, ...rest } = message
  return { ...rest, key }
}

export const U64_MAX = 2n ** 64n - 1n
export const STREAM_KEY_LENGTH_MAX = 249
const STREAM_KEY = /^[A-Za-z0-9._-]+$/

export function isStreamKey(key: string): boolean {
  return key.length <= STREAM_KEY_LENGTH_MAX && STREAM_KEY.test(key)
}

/** Refuses what is no name of a stream. */
export function checkStreamKey(owner: string, key: string): string {
  if (typeof key === 'string' && isStreamKey(key)) return key
  const problem = `${owner}: ${JSON.stringify(key)} is not the key of a stream. A key is 1 to ${STREAM_KEY_LENGTH_MAX} of A-Z, a-z, 0-9, ".", "_" and "-".`
  throw new MalstromError('ERR_OPERATOR_ARGUMENT', problem)
}

/** Which streams are wanted; `undefined` means all. */
export function checkStreamKeys(owner: string, keys: readonly string[] | undefined): ReadonlySet<string> | undefined {
  if (keys === undefined) return undefined
  if (keys.length > 0) return new Set(keys.map((key) => checkStreamKey(owner, key)))
  throw new MalstromError('ERR_OPERATOR_ARGUMENT', `${owner}: keys is empty. Name a stream, or leave keys out to read all.`)
}
