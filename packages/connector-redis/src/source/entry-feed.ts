import type { EntryId } from './entry-id.ts'
import type { StreamPosition } from './position.ts'

/** Entries of one stream, in the order in which they are emitted. */
export interface FedEntries<F extends string | Buffer = string | Buffer> {
  readonly ids: readonly EntryId[]
  readonly fields: readonly (readonly F[])[]
  /** They come from other consumers of the group, out of the order of the stream. */
  readonly taken: boolean
  /** `StreamPosition.count` before the first and after the last of them. */
  readonly countBefore: number | undefined
  readonly countAfter: number | undefined
}

/** Reads one stream: alone (`PositionFeed`), or as a member of a consumer group (`GroupFeed`). */
export interface EntryFeed {
  /** The next entries; none if none came for a while. Called again only when it has resolved. Rejects if the stream cannot be read. */
  next(): Promise<FedEntries>
  /** The entries from index `from` to before `to` have been emitted, or skipped for good. */
  passed(entries: FedEntries, from: number, to: number): void
  /** After the last entry that has passed. */
  position(): StreamPosition
  /** The last `position()` is durable. */
  committed(): void
  /** What could not be done in the background; undefined if all went well. */
  readonly failure: unknown
  close(): Promise<void>
}

/** One stream of a reply of XREAD or XREADGROUP, or the reply of XCLAIM. */
export type RawEntry = readonly [id: string | Buffer, fields: readonly (string | Buffer)[] | null]

/** The entries in the reply of XREAD or XREADGROUP for one stream. `null` fields: an entry that is pending, and was deleted. */
export function entriesOfRead(reply: unknown): readonly RawEntry[] {
  const [stream] = (reply ?? []) as [unknown, RawEntry[]][]
  return stream?.[1] ?? []
}

export function fedEntries(entries: readonly RawEntry[], options: Partial<FedEntries> = {}): FedEntries {
  const { taken = false, countBefore, countAfter } = options
  const ids: EntryId[] = []
  const fields: (readonly (string | Buffer)[])[] = []
  for (const [id, content] of entries) {
    if (content === null) continue
    ids.push(typeof id === 'string' ? id : id.toString())
    fields.push(content)
  }
  return { ids, fields, taken, countBefore, countAfter }
}
