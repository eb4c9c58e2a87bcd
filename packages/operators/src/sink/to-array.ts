import type { Sink, SinkPartition } from '@malstrom/core'

/** Pushes every value to `array`; for tests and for results that fit into memory. */
export function toArray<V>(array: V[]): Sink<V, unknown, unknown, 'all', undefined> {
  return { openPartition: () => new ArrayPartition(array, (value) => value) }
}

/** A record as a whole, for `toArrayOfRecords`. `key` is `undefined` on streams without keys. */
export interface SinkRecord<V, K, T> {
  readonly key: K
  readonly value: V
  readonly timestamp: T
}

/** Pushes every record with its key and its timestamp to `array`. */
export function toArrayOfRecords<V, K, T>(array: SinkRecord<V, K, T>[]): Sink<V, K, T, 'all', undefined> {
  return {
    partitionOf: () => 'all',
    openPartition: () => new ArrayPartition(array, (value: V, key: K, timestamp: T) => ({ key, value, timestamp })),
  }
}

class ArrayPartition<V, K, T, E> implements SinkPartition<V, K, T, undefined> {
  readonly saturated = false
  readonly #array: E[]
  readonly #elementOf: (value: V, key: K, timestamp: T) => E

  constructor(array: E[], elementOf: (value: V, key: K, timestamp: T) => E) {
    this.#array = array
    this.#elementOf = elementOf
  }

  write(value: V, key: K, timestamp: T): void {
    this.#array.push(this.#elementOf(value, key, timestamp))
  }

  async flush(): Promise<void> {}

  snapshot(): undefined {}

  close(): void {}
}
