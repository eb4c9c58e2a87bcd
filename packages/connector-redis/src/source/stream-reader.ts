import type { SnapshotVersion, SourceOutput } from '@malstrom/core'
import type { DecodedEntries, EntryDecoder } from './entry-decoder.ts'
import type { EntryFeed } from './entry-feed.ts'
import type { StreamPosition } from './position.ts'

/** Batches that are read ahead, so that reading, decoding and processing overlap. */
const BATCHES_AHEAD = 2

/** One stream: reads ahead in the background and emits what has come. */
export class StreamReader<V> {
  readonly #feed: EntryFeed
  readonly #decoder: EntryDecoder<V>
  readonly #wake: () => void
  readonly #ahead: DecodedEntries<V>[] = []
  /** How much of the first batch has been emitted, and how many of its entries have passed. */
  #emitted = 0
  #passed = 0
  #failure: unknown
  #isClosed = false
  #onRoom: () => void = () => {}

  constructor(feed: EntryFeed, decoder: EntryDecoder<V>, wake: () => void) {
    this.#feed = feed
    this.#decoder = decoder
    this.#wake = wake
    void this.#readAhead()
  }

  /** Whether `emit` has something to do, if only to throw. */
  get isReady(): boolean {
    return this.#ahead.length > 0 || this.#failure !== undefined || this.#feed.failure !== undefined
  }

  /** Emits up to `limit` records in one batch; returns how many. Throws what reading has thrown, after what was read before it. */
  emit(output: SourceOutput<V, number>, limit: number): number {
    const batch = this.#ahead[0]
    if (batch === undefined || this.#feed.failure !== undefined) this.#throwFailure()
    if (batch === undefined) return 0
    const { values, timestamps, positions, entries, failure } = batch
    const start = this.#emitted
    const end = Math.min(values.length, start + limit)
    const isWhole = end === values.length
    if (isWhole && failure !== undefined && start === end) throw failure
    if (end > start) output.emitAll(values, start, end, timestamps.subarray(start, end))
    // Entries that were left out at the end of the batch pass with its last record.
    const passed = isWhole && failure === undefined ? entries.ids.length : (positions[end - 1] ?? this.#passed)
    this.#feed.passed(entries, this.#passed, passed)
    this.#passed = passed
    this.#emitted = end
    if (isWhole && failure === undefined) this.#drop()
    return end - start
  }

  position(): StreamPosition {
    return this.#feed.position()
  }

  committed(_version: SnapshotVersion): void {
    this.#feed.committed()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#onRoom()
    await this.#feed.close()
  }

  async #readAhead(): Promise<void> {
    try {
      while (!this.#isClosed) {
        const entries = await this.#feed.next()
        if (entries.ids.length > 0) {
          const decoded = await this.#decoder.decode(entries)
          this.#ahead.push(decoded)
          this.#wake()
          if (decoded.failure !== undefined) return
        } else if (this.#feed.failure !== undefined) this.#wake()
        while (this.#ahead.length >= BATCHES_AHEAD && !this.#isClosed) await this.#room()
      }
    } catch (thrown) {
      this.#failure = thrown
      this.#wake()
    }
  }

  #room(): Promise<void> {
    return new Promise((resolve) => {
      this.#onRoom = resolve
    })
  }

  #drop(): void {
    this.#ahead.shift()
    this.#emitted = 0
    this.#passed = 0
    this.#onRoom()
  }

  #throwFailure(): void {
    const failure = this.#failure ?? this.#feed.failure
    if (failure !== undefined && !this.#isClosed) throw failure
  }
}
