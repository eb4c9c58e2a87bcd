import { MalstromError } from '@malstrom/core'
import { type RedisAnswer, RedisRefusal } from '../client/redis-port.ts'
import { compareEntryIds, type EntryId, FIRST_ID } from './entry-id.ts'

/** What XINFO STREAM tells, as far as it matters here. */
export interface StreamInfo {
  readonly length: number
  readonly lastId: EntryId
  /** `undefined` if the stream is empty. */
  readonly firstId: EntryId | undefined
  /** How many entries were ever added; `undefined` before Redis 7. */
  readonly added: number | undefined
}

const ABSENT: StreamInfo = { length: 0, lastId: FIRST_ID, firstId: undefined, added: 0 }

/** A stream that does not exist is one that nothing was added to. Throws any other refusal. */
export function streamInfoOf(answer: RedisAnswer): StreamInfo {
  if (answer instanceof RedisRefusal && answer.message.includes('no such key')) return ABSENT
  if (answer instanceof Error) throw answer
  const info = fieldsOf(answer)
  const first = info.get('first-entry') as [unknown] | null | undefined
  const added = info.get('entries-added')
  return {
    length: Number(info.get('length')),
    lastId: String(info.get('last-generated-id')),
    firstId: first === null || first === undefined ? undefined : String(first[0]),
    added: added === undefined ? undefined : Number(added),
  }
}

/** The names and values of a reply such as that of XINFO. */
export function fieldsOf(reply: unknown): Map<string, unknown> {
  const parts = reply as unknown[]
  const fields = new Map<string, unknown>()
  for (let i = 0; i < parts.length; i += 2) fields.set(String(parts[i]), parts[i + 1])
  return fields
}

/** How many entries have gone from the stream, trimmed or deleted. */
export function removedFrom({ added = 0, length }: StreamInfo): number {
  return added - length
}

/**
 * How many entries after `id` have gone, when `count` entries had been added up to there; 0 also if that cannot be known. Entries that
 * were deleted one by one behind an entry that is left do not count: somebody meant to delete them.
 */
export function lostAfter(id: EntryId, count: number | undefined, info: StreamInfo): number {
  if (count === undefined || info.added === undefined) return 0
  // It was deleted and made again, or the server has lost its data.
  if (info.added < count) return count - info.added
  if (info.firstId !== undefined && compareEntryIds(info.firstId, id) <= 0) return 0
  return Math.max(0, removedFrom(info) - count)
}

export function entryCount(count: number): string {
  return `${count.toLocaleString('en')} ${count === 1 ? 'entry' : 'entries'}`
}

export function positionLost(stream: string, id: EntryId, problem: string): MalstromError {
  return new MalstromError(
    'ERR_REDIS_POSITION_LOST',
    `The stream "${stream}" ${problem} after ${id}, where this source stopped. Set onPositionLost: 'earliest' to go on with what is left, or start the job without its saved state.`,
  )
}
