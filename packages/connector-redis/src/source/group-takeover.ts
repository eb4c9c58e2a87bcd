import type { DeadLetters } from './dead-letters.ts'
import type { FedEntries } from './entry-feed.ts'
import { compareEntryIds, type EntryId } from './entry-id.ts'
import type { ConsumerNames } from './group-names.ts'
import { PENDING_PAGE, type PendingEntries, type PendingEntry } from './pending-entries.ts'
import type { GroupPosition, StreamPosition } from './position.ts'

/** How often it looks for entries that a process read which should have ended. */
const LOOK_INTERVAL_MS = 10_000
/** The first look, when such a process is most likely. */
const FIRST_LOOK_MS = 1_000

export interface ClaimOptions {
  readonly idleMs: number
  readonly intervalMs: number
}

export interface TakeoverOptions {
  readonly names: ConsumerNames
  readonly pending: PendingEntries
  /** Whether entries of foreign consumers are taken over, and when. */
  readonly claim: ClaimOptions | undefined
  /** Where entries go that were given to consumers so often without success. */
  readonly poison: { readonly deliveriesMax: number; readonly letters: DeadLetters; acknowledge(id: EntryId): Promise<void> } | undefined
}

/** What was given to consumers that are gone: to earlier openings of this source, and, if that is wanted, to others of the group. */
export class GroupTakeover {
  /** Entries of earlier openings that the snapshot contains: to be acknowledged, not to be emitted. */
  readonly contained: EntryId[] = []
  /** Those of them that had been taken over out of order. */
  readonly containedTaken: EntryId[] = []
  readonly #options: TakeoverOptions
  /** Not contained and behind the position, so that they come in the order of the stream. */
  #inOrder: EntryId[] = []
  /** Not contained, and before the position. */
  readonly #outOfOrder: { readonly id: EntryId; readonly idleMs: number }[] = []
  /** Given to the reader out of order, and not acknowledged. */
  readonly #handed = new Set<EntryId>()
  #nextLook: number

  private constructor(options: TakeoverOptions) {
    this.#options = options
    this.#nextLook = Date.now() + Math.min(FIRST_LOOK_MS, options.claim?.intervalMs ?? FIRST_LOOK_MS)
  }

  /** Looks through what earlier openings have left. */
  static async open(options: TakeoverOptions, saved: StreamPosition | undefined): Promise<GroupTakeover> {
    const takeover = new GroupTakeover(options)
    const { pending, names } = options
    const contains = containedIn(saved?.group)
    const taken = new Set(saved?.group?.taken)
    const inOrder: EntryId[] = []
    for (const consumer of await pending.consumers()) {
      if (!consumer.name.startsWith(names.family) || consumer.pending === 0) continue
      for (const entry of await pending.of(consumer.name)) {
        if (contains(entry)) {
          takeover.contained.push(entry.id)
          if (taken.has(entry.id)) takeover.containedTaken.push(entry.id)
        } else if (await takeover.#isPoison(entry, 0)) {
        } else if (saved === undefined || compareEntryIds(entry.id, saved.id) > 0) inOrder.push(entry.id)
        else takeover.#outOfOrder.push({ id: entry.id, idleMs: 0 })
      }
    }
    takeover.#inOrder = inOrder.sort(compareEntryIds)
    return takeover
  }

  /** The first of the entries that are to be read in the order of the stream; `undefined` if there are none. */
  get firstInOrder(): EntryId | undefined {
    return this.#inOrder[0]
  }

  /** What is left of what `open` and `found` have come upon; `undefined` when it is all read. */
  async recovered(): Promise<FedEntries | undefined> {
    const { pending, names } = this.#options
    while (this.#inOrder.length > 0) {
      const ids = this.#inOrder.slice(0, PENDING_PAGE)
      const fed = await pending.claim(names.own, 0, ids, false)
      this.#inOrder = this.#inOrder.slice(PENDING_PAGE)
      if (fed.ids.length > 0) return fed
    }
    while (this.#outOfOrder.length > 0) {
      const idleMs = this.#outOfOrder[0]?.idleMs ?? 0
      const other = this.#outOfOrder.findIndex((entry) => entry.idleMs !== idleMs)
      const page = this.#outOfOrder.slice(0, Math.min(PENDING_PAGE, other === -1 ? PENDING_PAGE : other))
      const ids = page.map(({ id }) => id)
      const fed = await pending.claim(names.taking, idleMs, ids, true)
      this.#outOfOrder.splice(0, page.length)
      for (const id of fed.ids) this.#handed.add(id)
      if (fed.ids.length > 0) return fed
    }
    return undefined
  }

  /** Looks again, when it is time. `earlier` and `taken` are what the next snapshot would say. */
  async found(earlier: GroupPosition['read'], taken: ReadonlySet<EntryId>): Promise<FedEntries | undefined> {
    if (this.untilNextLookMs() > 0) return undefined
    const { pending, names, claim } = this.#options
    this.#nextLook = Date.now() + (claim?.intervalMs ?? LOOK_INTERVAL_MS)
    const contains = containedIn({ read: earlier, taken: [] })
    const gone: string[] = []
    for (const { name, pending: count } of await pending.consumers()) {
      if (!name.startsWith(names.family) || name === names.own) continue
      if (count === 0 && name !== names.taking) gone.push(name)
      if (count === 0) continue
      for (const entry of await pending.of(name)) {
        if (contains(entry) || taken.has(entry.id) || this.#handed.has(entry.id)) continue
        if (!(await this.#isPoison(entry, 0))) this.#outOfOrder.push({ id: entry.id, idleMs: 0 })
      }
    }
    if (gone.length > 0) await pending.remove(gone)
    if (claim !== undefined) await this.#findIdle(claim)
    return await this.recovered()
  }

  untilNextLookMs(): number {
    return this.#nextLook - Date.now()
  }

  acknowledged(ids: readonly EntryId[]): void {
    for (const id of ids) this.#handed.delete(id)
  }

  /** What consumers of others have had for so long that they must be gone. */
  async #findIdle({ idleMs }: ClaimOptions): Promise<void> {
    const { pending, names } = this.#options
    for (let cursor: string | undefined = '-'; cursor !== undefined; ) {
      const page = await pending.idle(idleMs, cursor)
      for (const entry of page.entries) {
        if (entry.consumer.startsWith(names.family) || (await this.#isPoison(entry, idleMs))) continue
        this.#outOfOrder.push({ id: entry.id, idleMs })
      }
      cursor = page.next
    }
  }

  /** Puts an entry aside that has been tried too often. */
  async #isPoison({ id, deliveries }: PendingEntry, idleMs: number): Promise<boolean> {
    const { poison, pending, names } = this.#options
    if (poison === undefined || deliveries < poison.deliveriesMax) return false
    const { fields } = await pending.claim(names.taking, idleMs, [id], true)
    // Somebody has taken it, or it does not exist any more.
    if (fields[0] === undefined) return true
    await poison.letters.add(id, fields[0], `given to consumers ${deliveries} times without success`)
    await poison.acknowledge(id)
    return true
  }
}

/** Whether a snapshot contains what is pending for a consumer. */
function containedIn(group: GroupPosition | undefined): (entry: PendingEntry) => boolean {
  const upTo = new Map(group?.read.map((read) => [read.consumer, read.upTo]))
  const taken = new Set(group?.taken)
  return ({ id, consumer }) => {
    if (taken.has(id)) return true
    const last = upTo.get(consumer)
    return last !== undefined && compareEntryIds(id, last) <= 0
  }
}
