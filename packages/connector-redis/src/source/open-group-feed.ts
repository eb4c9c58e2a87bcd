import { ask } from '../client/persist.ts'
import { DeadLetters } from './dead-letters.ts'
import { compareEntryIds, type EntryId, FIRST_ID } from './entry-id.ts'
import { GroupFeed, type GroupFeedOptions } from './group-feed.ts'
import { GroupTakeover } from './group-takeover.ts'
import { PendingEntries } from './pending-entries.ts'
import type { StreamPosition } from './position.ts'
import type { RedisGroupOptions } from './redis-source-options.ts'
import { hasGroup, makeGroup } from './stream-group.ts'
import { positionLost, streamInfoOf } from './stream-info.ts'

const CLAIM_IDLE_MS = 60_000
const CLAIM_INTERVAL_MS = 30_000

export interface OpenGroupFeedOptions extends Omit<GroupFeedOptions, 'group' | 'start' | 'takeover'> {
  readonly group: RedisGroupOptions
  readonly saved: StreamPosition | undefined
  /** Where a group begins that has to be made. */
  readonly after: string
}

/** Joins the group, and finds out what earlier openings of the source have left. */
export async function openGroupFeed(options: OpenGroupFeedOptions): Promise<GroupFeed> {
  const { stream, commands, group, names, saved, bytes, onPositionLost } = options
  if (!(await hasGroup(commands, stream, group.name))) {
    if (saved !== undefined && onPositionLost === 'fail') {
      throw positionLost(stream, saved.id, `has no consumer group "${group.name}" any more, so nobody knows what was not read`)
    }
    const after = saved === undefined ? options.after : await placeIn(options, saved.id)
    await makeGroup(commands, stream, group.name, after, group.createStream ?? false)
  }
  const pending = new PendingEntries(commands, stream, group.name, bytes)
  const { claim, poison } = group
  const takeover = await GroupTakeover.open(
    {
      names,
      pending,
      claim: claim && { idleMs: claim.idleMs ?? CLAIM_IDLE_MS, intervalMs: claim.intervalMs ?? CLAIM_INTERVAL_MS },
      poison: poison && {
        deliveriesMax: poison.deliveriesMax,
        letters: new DeadLetters(commands, stream, poison.deadLetter),
        acknowledge: async (id) => void (await ask(commands, ['xack', stream, group.name, id])),
      },
    },
    saved,
  )
  await checkKept(options, takeover)
  const start = saved ?? { stream, id: FIRST_ID, count: undefined, group: undefined }
  return new GroupFeed({ ...options, group: group.name, start, takeover })
}

/** Where a group goes on that was lost: behind the position, or at the beginning of a stream that was made again. */
async function placeIn({ stream, commands }: OpenGroupFeedOptions, id: EntryId): Promise<EntryId> {
  const [answer] = await commands.pipeline([['xinfo', 'stream', stream]])
  return compareEntryIds(streamInfoOf(answer).lastId, id) < 0 ? FIRST_ID : id
}

/** Whether the entries that were given out and not processed still exist. */
async function checkKept({ stream, commands, onPositionLost }: OpenGroupFeedOptions, takeover: GroupTakeover): Promise<void> {
  const first = takeover.firstInOrder
  if (first === undefined || onPositionLost === 'earliest') return
  const [answer] = await commands.pipeline([['xinfo', 'stream', stream]])
  const { firstId } = streamInfoOf(answer)
  if (firstId !== undefined && compareEntryIds(firstId, first) <= 0) return
  throw positionLost(stream, first, 'lacks entries that this source was given and had not processed, at and')
}
