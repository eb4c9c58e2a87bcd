import { MalstromError } from '@malstrom/core'
import { excerpt } from '../excerpt.ts'
import { isStreamKey, U64_MAX } from './stream-message.ts'

/**
 * A line of text with an optional head: `[2026-01-02T03:04:05.678 | clicks | 123 | 4] payload`. Every part of the head
 * may be missing, but a sequence needs a key before it, and a shard needs a sequence.
 */
export interface StreamLine {
  /** Milliseconds since 1970; the text is in UTC. */
  readonly timestamp?: number
  readonly key?: string
  readonly sequence?: bigint
  readonly shard?: bigint
  readonly payload: string
}

export interface StreamLineOptions {
  /**
   * A line end in a payload is written as `\n` or `\r` with a backslash, and a backslash as two. Both sides have to
   * agree on it. Without it a payload has no line end.
   * @default false
   */
  readonly escapeLineEnds?: boolean
}

/**
 * Reads a line. What begins with a bracket and is no head, such as a JSON array, is a payload. One space between head
 * and payload belongs to neither. An empty head, `[ ]`, is `ERR_RECORD_INVALID`.
 */
export function parseStreamLine(line: string, { escapeLineEnds = false }: StreamLineOptions = {}): StreamLine {
  const end = line.startsWith('[') ? line.indexOf(']') : -1
  const head = end > 1 ? headOf(line.slice(1, end)) : undefined
  const payload = head === undefined ? line : line.slice(line[end + 1] === ' ' ? end + 2 : end + 1)
  return { ...head, payload: escapeLineEnds ? unescaped(payload) : payload }
}

/** Writes a line that `parseStreamLine` reads. Throws `ERR_RECORD_INVALID` if there is none. */
export function formatStreamLine(line: StreamLine, { escapeLineEnds = false }: StreamLineOptions = {}): string {
  const payload = escapeLineEnds ? line.payload.replaceAll(/[\\\n\r]/g, (character) => ESCAPES[character] as string) : line.payload
  if (/[\n\r]/.test(payload))
    throw invalid(`a payload has a line end: ${excerpt(JSON.stringify(line.payload))}. Pass escapeLineEnds: true on both sides`)
  const { timestamp, key, sequence, shard } = line
  if ((sequence !== undefined && key === undefined) || (shard !== undefined && sequence === undefined))
    throw invalid('a sequence needs a key, and a shard needs a sequence')
  if (key !== undefined && !isStreamKey(key)) throw invalid(`${JSON.stringify(key)} is not the key of a stream`)
  for (const number of [sequence, shard])
    if (number !== undefined && (number < 0n || number > U64_MAX)) throw invalid(`${number} is not in 64 bits`)
  const parts = [
    ...(timestamp === undefined ? [] : [timestampText(timestamp)]),
    ...[key, sequence, shard].filter((part) => part !== undefined),
  ]
  if (parts.length > 0) return `[${parts.join(' | ')}]${payload === '' ? '' : ` ${payload}`}`
  if (payload.startsWith('[') && !isOnlyPayload(payload))
    throw invalid(`a payload without a head looks like a head: ${excerpt(payload)}. Give it a key`)
  return payload
}

type Head = Omit<StreamLine, 'payload'>

/** What stands between the brackets, or `undefined` if that is no head. */
function headOf(text: string): Head | undefined {
  if (text.trim() === '') throw invalid('the head of a line is empty: [ ]. Give a timestamp or a key, or leave the brackets out')
  const parts = text.split('|').map((part) => part.trim())
  const timestamp = timestampOf(parts[0] ?? '')
  const [key, sequence, shard, ...rest] = timestamp === undefined ? parts : parts.slice(1)
  if (rest.length > 0 || (key !== undefined && !isStreamKey(key)) || !isNumber(sequence) || !isNumber(shard)) return undefined
  return {
    ...(timestamp === undefined ? {} : { timestamp }),
    ...(key === undefined ? {} : { key }),
    ...(sequence === undefined ? {} : { sequence: BigInt(sequence) }),
    ...(shard === undefined ? {} : { shard: BigInt(shard) }),
  }
}

function isNumber(text: string | undefined): boolean {
  return text === undefined || (/^\d{1,20}$/.test(text) && BigInt(text) <= U64_MAX)
}

/** What is finer than a millisecond is cut off. */
function timestampOf(text: string): number | undefined {
  const [, seconds, fraction = ''] = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?$/.exec(text) ?? []
  if (seconds === undefined) return undefined
  const timestamp = Date.parse(`${seconds}.${fraction.padEnd(3, '0').slice(0, 3)}Z`)
  // `Date` takes the 31st of February for a day in March.
  return !Number.isNaN(timestamp) && new Date(timestamp).toISOString().startsWith(seconds) ? timestamp : undefined
}

function timestampText(timestamp: number): string {
  const date = new Date(timestamp)
  const text = Number.isInteger(timestamp) && !Number.isNaN(date.getTime()) ? date.toISOString() : ''
  if (!/^\d{4}-/.test(text)) throw invalid(`${timestamp} is no timestamp in whole milliseconds between the years 0 and 9999`)
  return text.endsWith('.000Z') ? text.slice(0, -5) : text.slice(0, -1)
}

function isOnlyPayload(payload: string): boolean {
  try {
    return parseStreamLine(payload).payload === payload
  } catch {
    return false
  }
}

function unescaped(payload: string): string {
  return payload.replaceAll(/\\([\s\S]?)/g, (escaped, character: string) => {
    const meant = character === '\\' ? '\\' : character === 'n' ? '\n' : character === 'r' ? '\r' : undefined
    if (meant === undefined) throw invalid(`${escaped} means nothing in a payload with escapes; there are \\\\, \\n and \\r`)
    return meant
  })
}

const ESCAPES: Record<string, string> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r' }

function invalid(problem: string): MalstromError {
  return new MalstromError('ERR_RECORD_INVALID', `Not a line of a stream: ${problem}.`)
}
