import type { SourceOutput } from '@malstrom/core'

/** The records of one request. */
interface Batch<V> {
  readonly values: readonly V[]
  readonly timestamp: number
  /** What it takes in memory, about. */
  readonly bytes: number
}

/** Records that wait for the job, in order. It counts, and does not bound: who adds to it asks before. */
export class RecordQueue<V> {
  /** Records. */
  count = 0
  bytes = 0
  #batches: Batch<V>[] = []
  #head = 0
  /** In the first batch: the next record. */
  #index = 0

  /** `from`: the first of `values` that is still to be emitted. */
  push(values: readonly V[], from: number, timestamp: number, bytes: number): void {
    if (from >= values.length) return
    this.#batches.push({ values: from === 0 ? values : values.slice(from), timestamp, bytes })
    this.count += values.length - from
    this.bytes += bytes
  }

  /** Returns how many were emitted. */
  emit(output: SourceOutput<V, number>, limit: number): number {
    let emitted = 0
    while (emitted < limit && this.count > 0) {
      const { values, timestamp, bytes } = this.#batches[this.#head] as Batch<V>
      const end = Math.min(values.length, this.#index + limit - emitted)
      emitted += end - this.#index
      this.count -= end - this.#index
      for (let i = this.#index; i < end; i++) output.emit(values[i] as V, timestamp)
      this.#index = end
      if (end === values.length) this.#next(bytes)
    }
    return emitted
  }

  #next(bytes: number): void {
    this.bytes -= bytes
    this.#index = 0
    this.#head++
    if (this.#head < 1_024 && this.#head < this.#batches.length) return
    this.#batches = this.#batches.slice(this.#head)
    this.#head = 0
  }
}
