import { hashKey, type Key, type PrimitiveKey, sameKey } from '@malstrom/core'

/** Keys in one `Map` before the index is divided: a larger one would stall the worker when it grows. */
const UNDIVIDED_KEYS_MAX = 262_144
const SEGMENTS = 256

/** Anything that is found by its key. */
export interface Keyed {
  readonly key: Key
}

/**
 * Finds cells by key; tuples by value. A `Map` that doubles copies all its entries at once, which at
 * five million keys stops the worker for a third of a second. So a large index is divided into 256
 * `Map`s; the entries of the first one move when they are next looked up.
 */
export class CellIndex<C extends Keyed> {
  readonly #first = new Map<PrimitiveKey, C>()
  #segments: readonly Map<PrimitiveKey, C>[] | undefined
  /** Tuples, by the hash of the tuple. */
  readonly #tuples = new Map<number, C[]>()

  /** Makes ready for so many keys, before the first one comes. */
  reserve(keys: number): void {
    if (keys >= UNDIVIDED_KEYS_MAX) this.#divide()
  }

  get(key: Key): C | undefined {
    if (typeof key === 'object') return this.#tuples.get(hashKey(key))?.find((cell) => sameKey(cell.key, key))
    return this.#segments === undefined ? this.#first.get(key) : this.#getDivided(this.#segments, key)
  }

  add(cell: C): void {
    const { key } = cell
    if (typeof key === 'object') this.#addTuple(hashKey(key), cell)
    else if (this.#segments !== undefined) segmentOf(this.#segments, key).set(key, cell)
    else {
      this.#first.set(key, cell)
      if (this.#first.size >= UNDIVIDED_KEYS_MAX) this.#divide()
    }
  }

  delete(key: Key): void {
    if (typeof key === 'object') this.#deleteTuple(hashKey(key), key)
    else if (!this.#first.delete(key) && this.#segments !== undefined) segmentOf(this.#segments, key).delete(key)
  }

  #divide(): void {
    this.#segments = Array.from({ length: SEGMENTS }, () => new Map())
  }

  #getDivided(segments: readonly Map<PrimitiveKey, C>[], key: PrimitiveKey): C | undefined {
    const segment = segmentOf(segments, key)
    const found = segment.get(key)
    if (found !== undefined || this.#first.size === 0) return found
    const moved = this.#first.get(key)
    if (moved !== undefined) {
      this.#first.delete(key)
      segment.set(key, moved)
    }
    return moved
  }

  #addTuple(hash: number, cell: C): void {
    const chain = this.#tuples.get(hash)
    if (chain === undefined) this.#tuples.set(hash, [cell])
    else chain.push(cell)
  }

  #deleteTuple(hash: number, key: Key): void {
    const rest = this.#tuples.get(hash)?.filter((cell) => !sameKey(cell.key, key)) ?? []
    if (rest.length === 0) this.#tuples.delete(hash)
    else this.#tuples.set(hash, rest)
  }
}

function segmentOf<C>(segments: readonly Map<PrimitiveKey, C>[], key: PrimitiveKey): Map<PrimitiveKey, C> {
  return segments[spread(key) & (SEGMENTS - 1)] as Map<PrimitiveKey, C>
}

/** A cheap hash that need not be stable: a bad spread costs time, never correctness. */
function spread(key: PrimitiveKey): number {
  if (typeof key === 'number') return Math.imul(key, 0x9e3779b1) >>> 24
  if (typeof key !== 'string') return hashKey(key)
  const { length } = key
  if (length === 0) return 0
  const last = key.charCodeAt(length - 1)
  return last + Math.imul(key.charCodeAt(length >> 1), 31) + (length > 1 ? Math.imul(key.charCodeAt(length - 2), 17) : 0)
}
