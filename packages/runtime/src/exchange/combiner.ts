import { type Combine, hashKey, type Key, sameKey, type TimestampAlgebra } from '@malstrom/core'
import type { Columns } from './columns.ts'

/** A power of two. */
const COMBINER_SLOTS = 1_024
/** Odd, so that keys in a row have different places. */
const KEY_STRIDE = 61

/**
 * Knows which records of the frame that is being filled for one worker can be combined with others. What can be is remembered by what
 * records have to agree in, in one of so many places; of two that share a place, the last one that came has it, and the other is not
 * combined any more. So nothing is sought for, and nothing is kept beyond the frame: whatever ends a frame (an epoch, a barrier, an
 * idle mark, the end of what a task does at a time) leaves nothing to be sent later, and a snapshot has nothing to save.
 *
 * Combining before records are sent is what the combiners of MapReduce do (Dean, Ghemawat, 2004), and local-global aggregation in Flink.
 */
export class Combiner {
  readonly #combine: Combine
  readonly #time: TimestampAlgebra<unknown>
  /** What the records in each place agree in besides the key: the key itself, if there is nothing else. */
  readonly #identities: Key[] = new Array<Key>(COMBINER_SLOTS).fill(0)
  readonly #indexes = new Int32Array(COMBINER_SLOTS)
  /** The frame that the record in each place is in. */
  readonly #frames = new Float64Array(COMBINER_SLOTS).fill(-1)
  readonly #slices = new Float64Array(COMBINER_SLOTS)

  constructor(combine: Combine, time: TimestampAlgebra<unknown>) {
    this.#combine = combine
    this.#time = time
  }

  /** Makes one of a record and one in the columns. Returns false if there is none: the record is to be added then. */
  combine(columns: Columns, value: unknown, key: Key, timestamp: unknown): boolean {
    const { by, sliceOf, merge } = this.#combine
    const identity = by === undefined ? key : by(value)
    const at = this.find(columns, identity, key, timestamp, sliceOf === undefined ? 0 : sliceOf(timestamp))
    if (at < 0) return false
    const merged = merge(columns.values[at], value)
    if (typeof merged !== 'number' && columns.numericValues) columns.mixValues()
    ;(columns.values as unknown[])[at] = merged
    if (this.#time.compare(timestamp, columns.timestamps[at]) > 0) (columns.timestamps as unknown[])[at] = timestamp
    return true
  }

  /**
   * The index of the record to combine this one with; -1 if there is none, and from now on this one is: it is added next.
   * `slice` is 0 where timestamps must be equal.
   */
  find(columns: Columns, identity: Key, key: Key, timestamp: unknown, slice: number): number {
    const hash = this.#combine.by === undefined ? 0 : hashOf(identity)
    // Values of one key that differ are neighbours, and those of others are far from them.
    const slot = (hash + Math.imul(hashOf(key), KEY_STRIDE)) & (COMBINER_SLOTS - 1)
    if (this.#frames[slot] === columns.framesEnded && isSame(this.#identities[slot] as Key, identity)) {
      const at = this.#indexes[slot] as number
      if (this.#isSameTime(columns.timestamps[at], timestamp, slot, slice) && this.#isSameKey(columns.keys[at] as Key, key)) return at
    }
    this.#identities[slot] = identity
    this.#indexes[slot] = columns.count
    this.#frames[slot] = columns.framesEnded
    this.#slices[slot] = slice
    return -1
  }

  #isSameTime(there: unknown, timestamp: unknown, slot: number, slice: number): boolean {
    if (this.#combine.sliceOf !== undefined) return this.#slices[slot] === slice
    return there === timestamp || this.#time.compare(there, timestamp) === 0
  }

  #isSameKey(there: Key, key: Key): boolean {
    return this.#combine.by === undefined || isSame(there, key)
  }
}

/** Quick for what is most common; other keys take a real hash. */
function hashOf(key: Key): number {
  if (typeof key === 'number' && (key | 0) === key) return key
  return typeof key === 'boolean' ? Number(key) : hashKey(key)
}

function isSame(a: Key, b: Key): boolean {
  return a === b || (typeof a === 'object' && sameKey(a, b))
}
