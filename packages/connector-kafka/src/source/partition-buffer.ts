import type { FetchedRecords } from '../record-batch/fetched-records.ts'

/** Reading goes on at `offset`, and what there is ends at `end`. */
export interface PartitionMove {
  readonly offset: number
  readonly end: number
}

/**
 * What was fetched of one partition and not yet read. The fetcher fills it, the reader empties it; what
 * went wrong reaches the reader after the records before it.
 */
export class PartitionBuffer {
  readonly topic: string
  readonly partition: number
  readonly name: string
  /** Where to fetch next. */
  fetchOffset: number
  /** The broker to fetch from; `undefined` while it is not known. */
  leader: number | undefined
  /** How often in a row fetching failed. */
  failures = 0
  readonly #taken: () => void
  #queue: (FetchedRecords | PartitionMove)[] = []
  #bytes = 0
  #failure: unknown
  #wake: (() => void) | undefined
  #isClosed = false

  /** `taken` is called when there may be room again. */
  constructor(topic: string, partition: number, fetchOffset: number, taken: () => void) {
    this.topic = topic
    this.partition = partition
    this.name = `${topic}/${partition}`
    this.fetchOffset = fetchOffset
    this.#taken = taken
  }

  /** Of memory that it holds. */
  get bytes(): number {
    return this.#bytes
  }

  /** What ended it; thrown when the queue is empty. */
  get failure(): unknown {
    return this.#failure
  }

  push(records: FetchedRecords): void {
    this.fetchOffset = records.end
    this.#queue.push(records)
    this.#bytes += records.bytes
    this.#wake?.()
  }

  /** The next records or the next move, if there is one. Those that were taken are no longer counted. */
  take(): FetchedRecords | PartitionMove | undefined {
    const next = this.#queue.shift()
    if (next === undefined || 'offset' in next) return next
    this.#bytes -= next.bytes
    this.#taken()
    return next
  }

  /** The next offset is gone, and reading goes on at another, after what is in the queue. */
  move(move: PartitionMove): void {
    this.fetchOffset = move.offset
    this.#queue.push(move)
    this.#wake?.()
  }

  /** Ends fetching. */
  fail(failure: unknown): void {
    this.#failure ??= failure
    this.#wake?.()
  }

  /** Resolves when `take` or `failure` has something, or it was closed. One caller at a time. */
  async ready(): Promise<void> {
    if (this.#queue.length > 0 || this.#failure !== undefined || this.#isClosed) return
    await new Promise<void>((resolve) => {
      this.#wake = resolve
    })
    this.#wake = undefined
  }

  close(): void {
    this.#isClosed = true
    this.#queue = []
    this.#bytes = 0
    this.#wake?.()
  }
}
