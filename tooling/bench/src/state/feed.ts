import { numberTime, type Source, type SourceOutput, type SourcePartition, type SourceStatus } from '@malstrom/core'

/** A source that gives keys when it is told to, and measures how long the worker stays away from it. */
export class Feed implements Source<number, number, 'all', number>, SourcePartition<number, number, number> {
  readonly time = numberTime
  readonly #keys: number
  #next = 0
  #left = 0
  #step = 1
  #humming = false
  #emitted = 0
  #lastPollMs = 0
  #longestGapMs = 0
  #wake: () => void = () => {}
  #consumed: () => void = () => {}
  #ended = false

  constructor(keys: number) {
    this.#keys = keys
  }

  /** Gives `count` keys, spread evenly over all; resolves when the job has processed them. */
  touch(count: number): Promise<void> {
    this.#left = count
    this.#step = Math.max(1, Math.floor(this.#keys / count))
    this.#next = 0
    this.#wake()
    return new Promise((resolve) => {
      this.#consumed = resolve
    })
  }

  /** From now on it gives a few keys at every poll, until `hush`. */
  hum(): void {
    this.#humming = true
    this.#longestGapMs = 0
    this.#lastPollMs = performance.now()
    this.#wake()
  }

  /** Ends `hum`; returns the longest time between two polls, in milliseconds. */
  hush(): number {
    this.#humming = false
    return this.#longestGapMs
  }

  end(): void {
    this.#ended = true
    this.#wake()
  }

  listPartitions(): readonly 'all'[] {
    return ['all']
  }

  openPartition(_partition: 'all', emitted = 0): this {
    this.#emitted = emitted
    return this
  }

  poll(output: SourceOutput<number, number>, limit: number): SourceStatus {
    if (this.#ended) return 'finished'
    if (this.#humming) return this.#pollHumming(output)
    const count = Math.min(limit, this.#left)
    for (let i = 0; i < count; i++) {
      output.emit(this.#next % this.#keys, this.#emitted++)
      this.#next += this.#step
    }
    this.#left -= count
    if (this.#left > 0) return 'more'
    // What was emitted before has been processed when the next poll comes.
    if (count > 0) return 'more'
    this.#consumed()
    return 'idle'
  }

  ready(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  snapshot(): number {
    return this.#emitted
  }

  close(): void {}

  #pollHumming(output: SourceOutput<number, number>): SourceStatus {
    const now = performance.now()
    this.#longestGapMs = Math.max(this.#longestGapMs, now - this.#lastPollMs)
    this.#lastPollMs = now
    for (let i = 0; i < 64; i++) {
      this.#next = (this.#next + 7_919) % this.#keys
      output.emit(this.#next, this.#emitted++)
    }
    return 'more'
  }
}
