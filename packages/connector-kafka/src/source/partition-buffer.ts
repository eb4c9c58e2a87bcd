import type { FetchedRecords } from '../record-batch/fetched-records.ts'
import type { KafkaPosition } from './kafka-source-options.ts'

/**
 * What was fetched of one partition and not yet read. The fetcher fills it, the reader empties it; what
 * went wrong reaches the reader after the records before it.
 */
export class PartitionBuffer {
  readonly topic: string
  readonly partition: number
  /** Where to fetch next. */
  fetchOffset: number
  /** Where reading ends; `undefined` for never. */
  end: number | undefined
  /** The broker to fetch from; `undefined` while it is not known. */
  leader: number | undefined
  /** How often in a row fetching failed. */
  failures = 0
  readonly #taken: () => void
  #queue: FetchedRecords[] = []
  #bytes = 0
  #failure: unknown
  #wake: (() => void) | undefined
  #isClosed = false

  /** `taken` is called when there may be room again. */
  constructor(topic: string, partition: number, position: KafkaPosition, taken: () => void) {
    this.topic = topic
    this.partition = partition
    this.fetchOffset = position.offset
    this.end = position.end
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

  /** The next records, if there are any. Those that were taken before are no longer counted. */
  take(): FetchedRecords | undefined {
    const records = this.#queue.shift()
    if (records === undefined) return undefined
    this.#bytes -= records.bytes
    this.#taken()
    return records
  }

  /** The end is no later than this. */
  limit(end: number): void {
    if (this.end === undefined || this.end <= end) return
    this.end = end
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
