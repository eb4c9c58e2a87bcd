import type { Key, WorkerId } from '@malstrom/core'
import { CellIndex } from '../state/cell-index.ts'
import { Columns } from './columns.ts'
import type { Frame } from './frame.ts'

/** The records of one key that wait for its state. */
class HeldKey {
  readonly key: Key
  readonly values: unknown[] = []
  readonly sides: number[] = []
  readonly timestamps: unknown[] = []

  constructor(key: Key) {
    this.key = key
  }
}

/**
 * Records that wait for the states of their keys: those of a key in the order in which they came, as far as they
 * came from the same side. Between the sides of a join there is no order.
 */
export class HeldRecords {
  readonly #index = new CellIndex<HeldKey>()
  /** By the worker that has the states. */
  readonly #byOwner = new Map<WorkerId, Set<HeldKey>>()
  #count = 0

  get count(): number {
    return this.#count
  }

  has(key: Key): boolean {
    return this.#count > 0 && this.#index.get(key) !== undefined
  }

  /** Returns whether it is the first one of its key. */
  add(owner: WorkerId, value: unknown, key: Key, timestamp: unknown, side: number): boolean {
    let held = this.#index.get(key)
    const isFirst = held === undefined
    if (held === undefined) {
      held = new HeldKey(key)
      this.#index.add(held)
      const keys = this.#byOwner.get(owner)
      if (keys === undefined) this.#byOwner.set(owner, new Set([held]))
      else keys.add(held)
    }
    held.values.push(value)
    held.sides.push(side)
    held.timestamps.push(timestamp)
    this.#count++
    return isFirst
  }

  /** The records of some keys, whose states `owner` had. */
  release(owner: WorkerId, keys: readonly Key[]): Frame[] {
    return this.#take(
      owner,
      keys.flatMap((key) => this.#index.get(key) ?? []),
    )
  }

  /** All whose states `owner` had. */
  releaseAll(owner: WorkerId): Frame[] {
    return this.#take(owner, [...(this.#byOwner.get(owner) ?? [])])
  }

  #take(owner: WorkerId, all: readonly HeldKey[]): Frame[] {
    const columnsOf: Columns[] = []
    for (const held of all) {
      this.#index.delete(held.key)
      this.#byOwner.get(owner)?.delete(held)
      for (let i = 0; i < held.values.length; i++) {
        const side = held.sides[i] as number
        columnsOf[side] ??= new Columns(true)
        columnsOf[side].add(held.values[i], held.key, held.timestamps[i])
      }
      this.#count -= held.values.length
    }
    return columnsOf.flatMap((columns, side) => columns.endFrame(side) ?? [])
  }
}
