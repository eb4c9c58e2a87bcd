import type { SourceOutput, SourcePartition, SourceStatus } from '@malstrom/core'

export interface SourceRecord<V, T> {
  readonly value: V
  readonly timestamp: T
}

/** Keeps what a source partition emits, and notes where it does so against the contract. */
export class RecordingOutput<V, T> implements SourceOutput<V, T> {
  readonly records: SourceRecord<V, T>[] = []
  readonly overLimit: string[] = []
  readonly outsidePoll: string[] = []
  readonly badBatches: string[] = []
  #isPolling = false
  #emits = 0
  #batches = 0
  #limit = 0
  #lent: { batch: Batch<V, T>; copy: Batch<V, T> } | undefined

  /** Polls `partition` once, as the worker does. */
  poll<S>(partition: SourcePartition<V, T, S>, limit: number): SourceStatus {
    this.checkLent()
    this.#isPolling = true
    this.#emits = 0
    this.#batches = 0
    this.#limit = limit
    const before = this.records.length
    try {
      return partition.poll(this, limit)
    } finally {
      this.#isPolling = false
      const count = this.records.length - before
      if (count > limit) this.overLimit.push(`poll emitted ${count} records at a limit of ${limit}.`)
    }
  }

  emit(value: V, timestamp: T): void {
    this.#expectPolling('emit')
    this.#emits++
    if (this.#batches > 0) this.badBatches.push('poll called emit after emitAll or emitIndexed.')
    this.records.push({ value, timestamp })
  }

  emitAll(values: readonly V[], start: number, end: number, timestamps: ArrayLike<T>): void {
    const count = end - start
    if (timestamps.length < count) this.badBatches.push(`emitAll has ${timestamps.length} timestamps for ${count} values.`)
    this.#take('emitAll', { values, start, end, timestamps })
  }

  emitIndexed(values: readonly V[], start: number, end: number, first: number): void {
    const timestamps = Array.from({ length: end - start }, (_, index) => (first + index) as T)
    this.#take('emitIndexed', { values, start, end, timestamps })
  }

  /** Notes if the arrays that came last have changed: the worker still reads them. */
  checkLent(): void {
    const lent = this.#lent
    this.#lent = undefined
    if (lent === undefined) return
    const now = recordsOf(lent.batch)
    const then = recordsOf(lent.copy)
    const isSame = now.length === then.length && now.every((record, index) => isSameRecord(record, then[index]))
    if (!isSame) this.badBatches.push('An array that was passed to emitAll or emitIndexed changed before the next poll.')
  }

  #take(method: string, batch: Batch<V, T>): void {
    const { values, start, end, timestamps } = batch
    this.#expectPolling(method)
    this.#batches++
    const count = end - start
    if (this.#emits > 0) this.badBatches.push(`poll called ${method} after emit.`)
    if (this.#batches > 1) this.badBatches.push(`poll called ${method} after emitAll or emitIndexed.`)
    if (count < 0 || start < 0 || end > values.length) {
      this.badBatches.push(`${method} from ${start} to ${end} does not fit ${values.length} values.`)
    }
    if (count > this.#limit) this.overLimit.push(`${method} had ${count} records at a limit of ${this.#limit}.`)
    this.#lent = { batch, copy: { values: [...values], start, end, timestamps: Array.from(timestamps) } }
    this.records.push(...recordsOf(batch))
  }

  #expectPolling(method: string): void {
    if (!this.#isPolling) this.outsidePoll.push(`${method} was called outside poll.`)
  }
}

interface Batch<V, T> {
  readonly values: readonly V[]
  readonly start: number
  readonly end: number
  readonly timestamps: ArrayLike<T>
}

function recordsOf<V, T>({ values, start, end, timestamps }: Batch<V, T>): SourceRecord<V, T>[] {
  return values.slice(start, end).map((value, index) => ({ value, timestamp: timestamps[index] as T }))
}

function isSameRecord<V, T>(a: SourceRecord<V, T>, b: SourceRecord<V, T> | undefined): boolean {
  return b !== undefined && Object.is(a.value, b.value) && Object.is(a.timestamp, b.timestamp)
}
