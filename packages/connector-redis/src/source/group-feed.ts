import { persist, recover } from '../client/persist.ts'
import { type RedisPort, RedisRefusal } from '../client/redis-port.ts'
import { Acknowledgements } from './acknowledgements.ts'
import { type EntryFeed, entriesOfRead, type FedEntries, fedEntries } from './entry-feed.ts'
import { compareEntryIds, type EntryId } from './entry-id.ts'
import type { ConsumerNames } from './group-names.ts'
import type { GroupTakeover } from './group-takeover.ts'
import type { StreamPosition } from './position.ts'
import { ReadSize } from './read-size.ts'
import { groupOf } from './stream-group.ts'
import { entryCount, lostAfter, positionLost, streamInfoOf } from './stream-info.ts'

/** How long one XREADGROUP waits for an entry. */
const BLOCK_MS = 5_000

export interface GroupFeedOptions {
  readonly stream: string
  readonly group: string
  readonly names: ConsumerNames
  /** For reading, which blocks. */
  readonly port: RedisPort
  /** For everything else. */
  readonly commands: RedisPort
  readonly bytes: boolean
  readonly batchRecords: number
  readonly onPositionLost: 'fail' | 'earliest'
  /** Where the snapshot stands. */
  readonly start: StreamPosition
  readonly takeover: GroupTakeover
}

/**
 * A stream read as a member of a consumer group. First comes what earlier openings of this source were given and no snapshot contains,
 * then what is new; entries of consumers that are gone come between, when they are found.
 *
 * What is pending for an opening and contained in a snapshot is told by position: up to `upTo` for what it read in order, by id for what
 * it took over. Nothing is acknowledged before the snapshot that contains it is durable.
 */
export class GroupFeed implements EntryFeed {
  readonly #options: GroupFeedOptions
  readonly #acknowledgements: Acknowledgements
  /** Taken over, passed and not acknowledged. */
  readonly #taken: Set<EntryId>
  /** Earlier openings of which something is contained and not acknowledged. */
  #earlier: readonly { readonly consumer: string; readonly upTo: EntryId }[]
  readonly #unacknowledgedEarlier: Set<EntryId>
  /** The last entry that has passed, or was fetched, in the order of the stream. */
  #passedId: EntryId
  #fetchedId: EntryId
  #isBehind = true
  /** The answer to a read was lost: what it gave is pending for this opening. */
  #missedReply = false
  readonly #size: ReadSize

  constructor(options: GroupFeedOptions) {
    const { start, takeover, commands, stream, group } = options
    this.#options = options
    this.#size = new ReadSize(options.batchRecords)
    this.#acknowledgements = new Acknowledgements(commands, stream, group, (ids) => this.#acknowledged(ids))
    this.#passedId = start.id
    this.#fetchedId = start.id
    this.#taken = new Set(takeover.containedTaken)
    this.#earlier = start.group?.read ?? []
    this.#unacknowledgedEarlier = new Set(takeover.contained)
    this.#acknowledgements.passed(takeover.contained, 0, takeover.contained.length)
  }

  get failure(): unknown {
    return this.#acknowledgements.failure
  }

  async next(): Promise<FedEntries> {
    const { takeover, port } = this.#options
    const taken = (await takeover.recovered()) ?? (await takeover.found(this.#earlier, this.#taken))
    if (taken !== undefined) return this.#fetched(taken)
    try {
      if (this.#missedReply) return this.#fetched(await this.#readMissed())
      return this.#fetched(this.#isBehind ? await this.#readOn() : await this.#readBlocking())
    } catch (thrown) {
      this.#missedReply = true
      this.#isBehind = true
      try {
        await recover(port, thrown, 1)
      } catch (hopeless) {
        throw this.#explained(hopeless)
      }
      return fedEntries([])
    }
  }

  passed({ ids, taken }: FedEntries, from: number, to: number): void {
    if (to <= from) return
    this.#acknowledgements.passed(ids, from, to)
    if (taken) for (let i = from; i < to; i++) this.#taken.add(ids[i] as EntryId)
    else this.#passedId = ids[to - 1] as EntryId
  }

  position(): StreamPosition {
    this.#acknowledgements.snapshot()
    const { stream, names } = this.#options
    const read = [...this.#earlier, { consumer: names.own, upTo: this.#passedId }]
    return { stream, id: this.#passedId, count: undefined, group: { read, taken: [...this.#taken] } }
  }

  committed(): void {
    this.#acknowledgements.committed()
  }

  close(): Promise<void> {
    return this.#acknowledgements.close()
  }

  #acknowledged(ids: readonly EntryId[]): void {
    for (const id of ids) {
      this.#taken.delete(id)
      this.#unacknowledgedEarlier.delete(id)
    }
    this.#options.takeover.acknowledged(ids)
    if (this.#unacknowledgedEarlier.size === 0) this.#earlier = []
  }

  /** What this opening was given by a read whose answer did not come. */
  async #readMissed(): Promise<FedEntries> {
    const { port, bytes } = this.#options
    const entries = entriesOfRead(await persist(port, () => port.call(this.#read(this.#fetchedId), bytes)))
    if (entries.length === 0) this.#missedReply = false
    const fed = fedEntries(entries)
    // An entry that was deleted while it was pending has no fields, and is behind us all the same.
    const last = entries.at(-1)?.[0]
    if (fed.ids.length === 0 && last !== undefined) this.#fetchedId = String(last)
    return fed
  }

  async #readOn(): Promise<FedEntries> {
    const { port, bytes } = this.#options
    // First the look, because a read moves the group past what was trimmed away.
    await persist(port, () => this.#checkLost())
    const entries = entriesOfRead(await port.call(this.#read('>'), bytes))
    this.#isBehind = entries.length === this.#size.records
    this.#size.read(entries)
    return fedEntries(entries)
  }

  async #readBlocking(): Promise<FedEntries> {
    const { port, bytes, takeover } = this.#options
    const block = String(Math.max(1, Math.min(BLOCK_MS, takeover.untilNextLookMs())))
    const entries = entriesOfRead(await port.call(this.#read('>', 'BLOCK', block), bytes))
    this.#isBehind = entries.length === this.#size.records
    this.#size.read(entries)
    return fedEntries(entries)
  }

  #read(after: string, ...block: string[]): readonly [string, ...string[]] {
    const { stream, group, names } = this.#options
    return ['xreadgroup', 'GROUP', group, names.own, 'COUNT', String(this.#size.records), ...block, 'STREAMS', stream, after]
  }

  async #checkLost(): Promise<void> {
    const { port, stream, group: name, onPositionLost } = this.#options
    if (onPositionLost === 'earliest') return
    const [info, groups] = await port.transaction([
      ['xinfo', 'stream', stream],
      ['xinfo', 'groups', stream],
    ])
    const group = groupOf(groups, name)
    const read = group?.get('entries-read')
    if (read === undefined || read === null) return
    const lastDelivered = String(group?.get('last-delivered-id'))
    const lost = lostAfter(lastDelivered, Number(read), streamInfoOf(info))
    if (lost > 0) throw positionLost(stream, lastDelivered, `no longer has ${entryCount(lost)}`)
  }

  #explained(thrown: unknown): unknown {
    if (!(thrown instanceof RedisRefusal && thrown.code === 'NOGROUP')) return thrown
    const { stream, group } = this.#options
    return positionLost(stream, this.#fetchedId, `has no consumer group "${group}" any more, so nobody knows what was not read`)
  }

  #fetched(fed: FedEntries): FedEntries {
    const last = fed.ids.at(-1)
    if (!fed.taken && last !== undefined && compareEntryIds(last, this.#fetchedId) > 0) this.#fetchedId = last
    return fed
  }
}
