import { persist, recover } from '../client/persist.ts'
import type { RedisPort } from '../client/redis-port.ts'
import { type EntryFeed, entriesOfRead, type FedEntries, fedEntries } from './entry-feed.ts'
import { type EntryId, FIRST_ID } from './entry-id.ts'
import type { StreamPosition } from './position.ts'
import { ReadSize } from './read-size.ts'
import { entryCount, lostAfter, positionLost, removedFrom, type StreamInfo, streamInfoOf } from './stream-info.ts'

/** How long one XREAD waits for an entry. */
const BLOCK_MS = 5_000

export interface PositionFeedOptions {
  readonly stream: string
  readonly start: { readonly id: EntryId; readonly count: number | undefined }
  readonly port: RedisPort
  readonly bytes: boolean
  readonly batchRecords: number
  readonly onPositionLost: 'fail' | 'earliest'
}

/**
 * A stream read by XREAD. While entries may be waiting, XREAD and XINFO go out as one transaction, so that what was trimmed away between
 * two reads is noticed and not skipped; when all has been read, XREAD blocks.
 */
export class PositionFeed implements EntryFeed {
  readonly failure = undefined
  readonly #options: PositionFeedOptions
  /** After the last entry that has passed. */
  #position: { readonly id: EntryId; readonly count: number | undefined }
  /** After the last entry that was fetched. */
  #id: EntryId
  #count: number | undefined
  #isBehind = true
  readonly #size: ReadSize

  constructor(options: PositionFeedOptions) {
    this.#options = options
    this.#size = new ReadSize(options.batchRecords)
    this.#position = options.start
    this.#id = options.start.id
    this.#count = options.start.count
  }

  async next(): Promise<FedEntries> {
    const { port, bytes } = this.#options
    if (this.#isBehind) return await persist(port, () => this.#readOn())
    try {
      const reply = await port.call(this.#read('BLOCK', String(BLOCK_MS)), bytes)
      const entries = entriesOfRead(reply)
      // After a silence it looks whether the stream is still the same one.
      this.#isBehind = entries.length === 0 || entries.length === this.#size.records
      this.#size.read(entries)
      return this.#fetched(fedEntries(entries, { countBefore: this.#count, countAfter: this.#countAfter(entries.length) }))
    } catch (thrown) {
      this.#isBehind = true
      await recover(port, thrown, 1)
      return fedEntries([])
    }
  }

  passed({ ids, countBefore, countAfter }: FedEntries, _from: number, to: number): void {
    const id = ids[to - 1]
    if (id === undefined) return
    const count = to === ids.length ? countAfter : countBefore === undefined ? undefined : countBefore + to
    this.#position = { id, count }
  }

  position(): StreamPosition {
    return { stream: this.#options.stream, ...this.#position, group: undefined }
  }

  committed(): void {}

  close(): Promise<void> {
    return Promise.resolve()
  }

  async #readOn(): Promise<FedEntries> {
    const { port, stream, bytes } = this.#options
    const [answer, reply] = await port.transaction([['xinfo', 'stream', stream], this.#read()], bytes)
    const info = streamInfoOf(answer)
    if (reply instanceof Error) throw reply
    if (this.#movedOn(info)) return fedEntries([])
    const entries = entriesOfRead(reply)
    this.#isBehind = entries.length === this.#size.records
    this.#size.read(entries)
    // What was read to its end has been read up to the last entry that was ever added, whatever was deleted on the way.
    const countAfter = this.#isBehind ? this.#countAfter(entries.length) : info.added
    const fed = fedEntries(entries, { countBefore: this.#count, countAfter })
    if (entries.length === 0 && this.#position.id === this.#id) this.#position = { id: this.#id, count: countAfter }
    return this.#fetched(fed)
  }

  #read(...block: string[]): readonly [string, ...string[]] {
    const { stream } = this.#options
    return ['xread', 'COUNT', String(this.#size.records), ...block, 'STREAMS', stream, this.#id]
  }

  /** Whether entries were lost, and the source goes on behind them all the same. */
  #movedOn(info: StreamInfo): boolean {
    const { stream, onPositionLost } = this.#options
    const lost = lostAfter(this.#id, this.#count, info)
    if (lost === 0) return false
    const isOther = (info.added ?? 0) < (this.#count ?? 0)
    if (onPositionLost === 'fail') {
      const problem = isOther ? 'was deleted and lacks what may have come' : `no longer has ${entryCount(lost)}`
      throw positionLost(stream, this.#id, problem)
    }
    if (isOther) this.#id = FIRST_ID
    this.#count = removedFrom(info)
    return true
  }

  #countAfter(read: number): number | undefined {
    return this.#count === undefined ? undefined : this.#count + read
  }

  #fetched(fed: FedEntries): FedEntries {
    this.#id = fed.ids.at(-1) ?? this.#id
    this.#count = fed.countAfter
    return fed
  }
}
