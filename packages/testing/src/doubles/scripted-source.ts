import {
  didYouMean,
  type Key,
  numberTime,
  type Source,
  type SourceContext,
  type SourceOutput,
  type SourcePartition,
  type SourceStatus,
  type TimestampAlgebra,
} from '@malstrom/core'

/**
 * A source that a test plays record by record. A partition is idle until it is given something, and ends when it is
 * told to. What it was given can be read again, after the position that a job was restored to.
 */
export class ScriptedSource<V, T = number> implements Source<V, T, string, number> {
  readonly time: TimestampAlgebra<T>
  readonly contexts: SourceContext[] = []
  readonly #partitions: ReadonlyMap<string, ScriptedPartition<V, T>>

  constructor(partitions: readonly string[] = ['all'], time: TimestampAlgebra<T> = numberTime as unknown as TimestampAlgebra<T>) {
    this.time = time
    this.#partitions = new Map(partitions.map((name) => [name, new ScriptedPartition()]))
  }

  partition(name: string): ScriptedPartition<V, T> {
    const partition = this.#partitions.get(name)
    if (partition === undefined) throw new Error(`The script has no partition "${name}".${didYouMean(name, this.#partitions.keys())}`)
    return partition
  }

  /** Gives one record to the only partition. */
  push(value: V, timestamp: T): this {
    const [only, ...others] = this.#partitions.values()
    if (only === undefined || others.length > 0) {
      const names = [...this.#partitions.keys()].map((name) => `"${name}"`).join(', ')
      throw new Error(`This source has the partitions ${names}. Say which: source.partition(name).push(value, timestamp).`)
    }
    only.push(value, timestamp)
    return this
  }

  /** Ends all partitions after the records they were given. */
  finish(): void {
    for (const partition of this.#partitions.values()) partition.finish()
  }

  get partitions(): readonly ScriptedPartition<V, T>[] {
    return [...this.#partitions.values()]
  }

  listPartitions(): string[] {
    return [...this.#partitions.keys()]
  }

  openPartition(name: Key, position: number | undefined, context: SourceContext): ScriptedPartition<V, T> {
    this.contexts.push(context)
    return this.partition(name as string).open(position)
  }
}

export class ScriptedPartition<V, T> implements SourcePartition<V, T, number> {
  opens = 0
  closes = 0
  polls = 0
  /** Records that `poll` has emitted: the position of the reader. */
  emitted = 0
  readonly #given: (readonly [value: V, timestamp: T])[] = []
  #ends = false
  #wake: { resolve: () => void; reject: (error: unknown) => void } | undefined

  /** Reading goes on after `position`, or begins anew. Whoever read before is gone. */
  open(position = 0): this {
    this.opens++
    this.emitted = position
    this.#wake = undefined
    return this
  }

  push(value: V, timestamp: T): this {
    this.#given.push([value, timestamp])
    return this.wake()
  }

  /** Pushes several at once. */
  give(...records: (readonly [value: V, timestamp: T])[]): this {
    for (const record of records) this.#given.push(record)
    return this.wake()
  }

  /** Ends the partition after the records it was given. */
  finish(): void {
    this.#ends = true
    this.wake()
  }

  /** Says that it is worth polling, whether there are records or not. */
  wake(): this {
    this.#wake?.resolve()
    this.#wake = undefined
    return this
  }

  /** The source is lost. */
  fail(error: unknown): void {
    this.#wake?.reject(error)
  }

  poll(output: SourceOutput<V, T>, limit: number): SourceStatus {
    this.polls++
    const given = this.#given
    for (const end = Math.min(given.length, this.emitted + limit); this.emitted < end; this.emitted++) {
      const [value, timestamp] = given[this.emitted] as readonly [V, T]
      output.emit(value, timestamp)
    }
    if (this.emitted < given.length) return 'more'
    return this.#ends ? 'finished' : 'idle'
  }

  ready(): Promise<void> {
    if (this.emitted < this.#given.length || this.#ends) return Promise.resolve()
    return new Promise((resolve, reject) => {
      this.#wake = { resolve, reject }
    })
  }

  snapshot(): number {
    return this.emitted
  }

  close(): void {
    this.closes++
  }
}
