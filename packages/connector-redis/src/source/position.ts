import type { EntryId } from './entry-id.ts'

/** Where a partition of a `redisSource` stands: in each of its streams. */
export interface RedisPosition {
  readonly streams: readonly StreamPosition[]
}

export interface StreamPosition {
  readonly stream: string
  /** The last entry that was read in the order of the stream. */
  readonly id: EntryId
  /** How many entries the stream had ever had up to there, which tells whether entries behind it were trimmed; `undefined`: unknown. */
  readonly count: number | undefined
  /** Only with a consumer group. */
  readonly group: GroupPosition | undefined
}

/** Which entries the snapshot contains although they are not acknowledged yet, because that comes after it. */
export interface GroupPosition {
  /** What these consumers read for themselves is contained up to an entry. */
  readonly read: readonly { readonly consumer: string; readonly upTo: EntryId }[]
  /** Contained entries that were taken over from other consumers, out of the order of the stream. */
  readonly taken: readonly EntryId[]
}
