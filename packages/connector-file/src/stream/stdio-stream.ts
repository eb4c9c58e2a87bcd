import { isUtf8 } from 'node:buffer'
import { MalstromError, type Sink, type Source } from '@malstrom/core'
import { type ConsoleOptions, toConsole } from '../sink/to-console.ts'
import type { FilePosition } from '../source/file-position.ts'
import { type StdinGroupOptions, type StdinOptions, StdinSource } from '../source/stdin.ts'
import { formatStreamLine, type StreamLineOptions } from './stream-line.ts'
import { type StreamLinesOptions, streamLineFormat } from './stream-line-format.ts'
import { checkStreamKey, inStream, type NewStreamMessage, type StreamKeyOptions, type StreamMessage } from './stream-message.ts'

/**
 * The lines of standard input as messages of named streams: `[2026-01-02T03:04:05.678 | clicks | 123 | 4] payload`.
 *
 * Every part of the head may be missing. A line without a timestamp has come now; one without a key is for everybody and
 * has the key `broadcast`; one without a sequence has the number of its line, from 0; one without a shard is of shard 0.
 * Restarts as for `stdinLines`.
 */
export function stdinStream(
  options: StdinOptions & StdinGroupOptions & StreamLinesOptions = {},
): Source<StreamMessage, number, string, FilePosition> {
  return new StdinSource('stdinStream', streamLineFormat('stdinStream', options), options)
}

/**
 * Prints messages as lines that `stdinStream` reads: `[2026-01-02T03:04:05.678 | clicks | 123] payload`, with the shard if
 * it is not 0. Where a message has no sequence, those of its key are counted from 0. A payload that is not UTF-8, or has
 * a line end without `escapeLineEnds`, is `ERR_RECORD_INVALID`. Otherwise like `toConsole`.
 */
export function toStdoutStream<K, T>(
  options: Pick<ConsoleOptions, 'stream'> & StreamLineOptions & StreamKeyOptions = {},
): Sink<NewStreamMessage, K, T, 'all', undefined> {
  const { stream, escapeLineEnds = false } = options
  const only = options.key === undefined ? undefined : checkStreamKey('toStdoutStream', options.key)
  const counts = new Map<string, bigint>()
  const format = (message: NewStreamMessage) => {
    const { key, payload, shard = 0n, timestamp = Date.now(), sequence } = inStream(message, only)
    const next = sequence ?? counts.get(key) ?? 0n
    const text = typeof payload === 'string' ? payload : textOf(payload)
    const line = formatStreamLine({ timestamp, key, sequence: next, ...(shard === 0n ? {} : { shard }), payload: text }, { escapeLineEnds })
    counts.set(key, next + 1n)
    return line
  }
  return toConsole({ format, ...(stream === undefined ? {} : { stream }) })
}

function textOf(payload: Uint8Array): string {
  if (isUtf8(payload)) return Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString()
  throw new MalstromError('ERR_RECORD_INVALID', 'A payload that is not UTF-8 cannot be a line. Encode it before, for example as base64.')
}
