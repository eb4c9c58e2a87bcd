import { isTimestamp, MalstromError, type TimestampAlgebra } from '@malstrom/core'

interface Entry<V, T> {
  readonly value: V
  readonly expiry: T
}

/**
 * A map whose entries expire by event time: an entry goes away when an epoch at or after its expiry
 * passes the operator. Until then it stays readable, also if its expiry lies before the timestamp of
 * the record that is being processed. The epoch that ends the stream expires everything.
 */
export class ExpireMap<K, V, T> {
  readonly #time: TimestampAlgebra<T>
  readonly #entries = new Map<K, Entry<V, T>>()
  /** No entry expires before this; `undefined` if there are none. */
  #earliest: T | undefined

  constructor(time: TimestampAlgebra<T>) {
    this.#time = time
  }

  get size(): number {
    return this.#entries.size
  }

  /** A timestamp at or before the first expiry, or `undefined` if the map is empty. */
  get earliestExpiry(): T | undefined {
    return this.#earliest
  }

  get(key: K): V | undefined {
    return this.#entries.get(key)?.value
  }

  has(key: K): boolean {
    return this.#entries.has(key)
  }

  /** Sets or replaces the entry. It expires with the first epoch at or after `expiry`. */
  set(key: K, value: V, expiry: T): this {
    if (!isTimestamp(this.#time, expiry)) {
      throw new MalstromError(
        'ERR_TIMESTAMP_INVALID',
        `The entry ${String(key)} was set with the expiry ${String(expiry)}, which is no timestamp: it would never expire.`,
      )
    }
    this.#entries.set(key, { value, expiry })
    if (this.#earliest === undefined || this.#time.compare(expiry, this.#earliest) < 0) this.#earliest = expiry
    return this
  }

  delete(key: K): boolean {
    return this.#entries.delete(key)
  }

  clear(): void {
    this.#entries.clear()
    this.#earliest = undefined
  }

  /** The entries in the order in which their keys were first set. */
  *[Symbol.iterator](): IterableIterator<[key: K, value: V]> {
    for (const [key, entry] of this.#entries) yield [key, entry.value]
  }

  /** The entries, each with its expiry. */
  *expiries(): IterableIterator<[key: K, value: V, expiry: T]> {
    for (const [key, { value, expiry }] of this.#entries) yield [key, value, expiry]
  }

  *values(): IterableIterator<V> {
    for (const entry of this.#entries.values()) yield entry.value
  }

  /** Removes every entry whose expiry is at or before `epoch`. */
  expire(epoch: T): void {
    let earliest: T | undefined
    for (const [key, { expiry }] of this.#entries) {
      if (this.#time.compare(expiry, epoch) <= 0) this.#entries.delete(key)
      else if (earliest === undefined || this.#time.compare(expiry, earliest) < 0) earliest = expiry
    }
    this.#earliest = earliest
  }
}
