import { type SnapshotVersion, type SourceOutput, type SourcePartition, type SourceStatus, WakeUp } from '@malstrom/core'
import type { RedisPosition } from './position.ts'
import type { StreamReader } from './stream-reader.ts'

export interface OpenStreams<V> {
  /** Opens a reader for each stream that has none yet; called again from time to time, if streams may be added. */
  discover(known: ReadonlySet<string>, wake: () => void): Promise<ReadonlyMap<string, StreamReader<V>>>
  /** How often, in milliseconds; `undefined`: never again. */
  readonly discoveryMs: number | undefined
  /** What went wrong, as the job shows it. */
  explain(thrown: unknown): unknown
  close(): void
}

/** One stream, or the shards of one that belong to a partition: they take turns. */
export class StreamsPartition<V> implements SourcePartition<V, number, RedisPosition> {
  readonly #options: OpenStreams<V>
  readonly #streams = new Map<string, StreamReader<V>>()
  #readers: StreamReader<V>[] = []
  #turn = 0
  readonly #wakeUp = new WakeUp()
  readonly #wake = () => this.#wakeUp.wake()
  #failure: unknown
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  private constructor(options: OpenStreams<V>) {
    this.#options = options
  }

  static async open<V>(options: OpenStreams<V>): Promise<StreamsPartition<V>> {
    const partition = new StreamsPartition<V>(options)
    try {
      await partition.#discover()
    } catch (thrown) {
      await partition.close()
      throw options.explain(thrown)
    }
    return partition
  }

  poll(output: SourceOutput<V, number>, limit: number): SourceStatus {
    if (this.#failure !== undefined) throw this.#options.explain(this.#failure)
    try {
      for (let tried = 0; tried < this.#readers.length; tried++) {
        const reader = this.#readers[this.#turn] as StreamReader<V>
        this.#turn = (this.#turn + 1) % this.#readers.length
        if (reader.isReady && reader.emit(output, limit) > 0) return 'more'
      }
    } catch (thrown) {
      throw this.#options.explain(thrown)
    }
    return this.#readers.some(({ isReady }) => isReady) ? 'more' : 'idle'
  }

  ready(): Promise<void> {
    if (this.#isClosed || this.#failure !== undefined || this.#readers.some(({ isReady }) => isReady)) return Promise.resolve()
    return this.#wakeUp.wait()
  }

  snapshot(): RedisPosition {
    return { streams: this.#readers.map((reader) => reader.position()) }
  }

  committed(version: SnapshotVersion): void {
    for (const reader of this.#readers) reader.committed(version)
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    clearTimeout(this.#timer)
    await Promise.all(this.#readers.map((reader) => reader.close()))
    this.#options.close()
    this.#wake()
  }

  async #discover(): Promise<void> {
    const { discoveryMs } = this.#options
    const found = await this.#options.discover(new Set(this.#streams.keys()), this.#wake)
    for (const [stream, reader] of found) {
      this.#streams.set(stream, reader)
      if (this.#isClosed) await reader.close()
    }
    this.#readers = [...this.#streams.values()]
    if (found.size > 0) this.#wake()
    if (discoveryMs === undefined || this.#isClosed) return
    this.#timer = setTimeout(() => {
      this.#discover().catch((thrown) => {
        this.#failure ??= thrown
        this.#wake()
      })
    }, discoveryMs)
  }
}
