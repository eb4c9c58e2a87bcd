import {
  type Key,
  numberTime,
  type PartitionContext,
  type Source,
  type SourceOutput,
  type SourcePartition,
  type SourceStatus,
  type TimestampAlgebra,
} from '@malstrom/core'

/** A source that a test plays record by record. A partition is idle until it is given something, and ends when it is told to. */
export class ScriptedSource<V, T = number> implements Source<V, T, string, number> {
  readonly time: TimestampAlgebra<T>
  readonly contexts: PartitionContext[] = []
  readonly #partitions: ReadonlyMap<string, ScriptedPartition<V, T>>

  constructor(partitions: readonly string[], time: TimestampAlgebra<T> = numberTime as unknown as TimestampAlgebra<T>) {
    this.time = time
    this.#partitions = new Map(partitions.map((name) => [name, new ScriptedPartition()]))
  }

  partition(name: string): ScriptedPartition<V, T> {
    const partition = this.#partitions.get(name)
    if (partition === undefined) throw new Error(`The script has no partition "${name}".`)
    return partition
  }

  get partitions(): readonly ScriptedPartition<V, T>[] {
    return [...this.#partitions.values()]
  }

  listPartitions(): string[] {
    return [...this.#partitions.keys()]
  }

  openPartition(name: Key, _state: number | undefined, context: PartitionContext): ScriptedPartition<V, T> {
    this.contexts.push(context)
    const partition = this.partition(name as string)
    partition.opens++
    return partition
  }
}

export class ScriptedPartition<V, T> implements SourcePartition<V, T, number> {
  opens = 0
  closes = 0
  polls = 0
  /** Records that `poll` has emitted. */
  emitted = 0
  readonly #waiting: (readonly [value: V, timestamp: T])[] = []
  #ends = false
  #wake: { resolve: () => void; reject: (error: unknown) => void } | undefined

  give(...records: (readonly [value: V, timestamp: T])[]): this {
    this.#waiting.push(...records)
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
    const records = this.#waiting.splice(0, limit)
    for (const [value, timestamp] of records) output.emit(value, timestamp)
    this.emitted += records.length
    if (this.#waiting.length > 0) return 'more'
    return this.#ends ? 'finished' : 'idle'
  }

  ready(): Promise<void> {
    if (this.#waiting.length > 0 || this.#ends) return Promise.resolve()
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
