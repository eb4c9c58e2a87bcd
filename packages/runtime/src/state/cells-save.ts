import type { Key } from '@malstrom/core'
import { DirtyList } from './dirty-list.ts'
import { type KeyedCell, NOTHING_KEPT } from './keyed-cell.ts'

/**
 * Rows of a snapshot: `states[i]` belongs to `keys[i]`; `removed` lists the rows whose key was forgotten. The arrays are longer than what is in
 * them, and used again for every block: new ones would be most of what is to be collected while a snapshot is written. They grow with
 * the blocks, which on most workers stay small.
 */
export class SavedRows {
  readonly keys: unknown[]
  readonly states: unknown[]
  readonly removed: boolean[]
  count = 0
  hasRemoved = false

  /** `capacity`: rows for which there is room from the start. */
  constructor(capacity: number) {
    this.keys = Array.from({ length: capacity }, () => undefined)
    this.states = Array.from({ length: capacity }, () => undefined)
    this.removed = Array.from({ length: capacity }, () => false)
  }

  add(key: unknown, state: unknown, removed: boolean): void {
    const index = this.count++
    this.keys[index] = key
    this.states[index] = state
    this.removed[index] = removed
    if (removed) this.hasRemoved = true
  }

  clear(): void {
    this.count = 0
    this.hasRemoved = false
  }
}

export interface CellsSaveParts<K extends Key, S> {
  /** The period that ends with this snapshot. */
  readonly period: number
  /** The cells that were changed in the period; `undefined` to save all cells. */
  readonly changed: DirtyList<KeyedCell<K, S>> | undefined
  readonly first: KeyedCell<K, S> | undefined
  readonly last: KeyedCell<K, S> | undefined
  /** The state as it is encoded, at once. */
  pack(state: S): unknown
  /** The same as a copy that stays as it is. */
  copy(state: S): unknown
  unlink(cell: KeyedCell<K, S>): void
}

/**
 * A snapshot of the cells of an operator while it is being written. Law: what it gives is the states
 * at the moment it was taken, in an order in which they can be restored one after the other, whatever
 * happens to the cells meanwhile: before a cell changes whose turn has not come, its state is copied.
 */
export class CellsSave<K extends Key, S> {
  readonly #parts: CellsSaveParts<K, S>
  /**
   * The states of cells that have changed before their turn came; the cell knows the place. In the cells themselves, they would be young
   * objects all over the old ones, which the collector is slow to find; in a `Map`, they would stall the worker when that grows.
   */
  readonly #before = new DirtyList<unknown>()
  #index = 0
  #next: KeyedCell<K, S> | undefined
  #done: boolean

  constructor(parts: CellsSaveParts<K, S>) {
    this.#parts = parts
    this.#next = parts.first
    this.#done = parts.changed === undefined ? parts.first === undefined : parts.changed.length === 0
  }

  /** Whether this snapshot has all cells, and not only those that were changed. */
  get whole(): boolean {
    return this.#parts.changed === undefined
  }

  get done(): boolean {
    return this.#done
  }

  /** The cell is going to change for the first time since the snapshot was taken. */
  beforeChange(cell: KeyedCell<K, S>): void {
    const { period, changed, copy } = this.#parts
    if (this.#done || cell.savedIn === period) return
    // What did not change in the period is in an earlier snapshot already.
    if (changed !== undefined && cell.changedIn !== period) return
    cell.savedIn = period
    cell.before = this.#before.length
    this.#before.push(copy(cell.state as S))
  }

  /** Gives no more rows. The next snapshot must have all cells, because nobody remembers which of them this one had. */
  abandon(): void {
    this.#done = true
  }

  /** Whether a removed cell must stay in the list of cells until its turn has come. */
  stillNeeds(cell: KeyedCell<K, S>): boolean {
    return this.whole && !this.#done && cell.savedIn === this.#parts.period && cell.before !== NOTHING_KEPT
  }

  /** Looks at up to `limit` more cells, and puts into `rows` what is to be saved of them. */
  take(rows: SavedRows, limit: number): void {
    rows.clear()
    if (this.whole) this.#takeFromList(rows, limit)
    else this.#takeChanged(rows, limit)
  }

  #takeFromList(rows: SavedRows, limit: number): void {
    const { last } = this.#parts
    for (let taken = 0; taken < limit && !this.#done; taken++) {
      const cell = this.#next as KeyedCell<K, S>
      this.#done = cell === last
      this.#next = cell.next
      this.#save(cell, rows)
      if (cell.removed) this.#parts.unlink(cell)
    }
  }

  #takeChanged(rows: SavedRows, limit: number): void {
    const changed = this.#parts.changed as DirtyList<KeyedCell<K, S>>
    for (let taken = 0; taken < limit && this.#index < changed.length; taken++) {
      this.#save(changed.at(this.#index++) as KeyedCell<K, S>, rows)
    }
    this.#done = this.#index === changed.length
  }

  #save(cell: KeyedCell<K, S>, rows: SavedRows): void {
    const { period } = this.#parts
    const { before } = cell
    cell.before = NOTHING_KEPT
    if (cell.savedIn === period) {
      rows.add(cell.key, this.#before.take(before), false)
      return
    }
    const isKnown = cell.savedIn !== 0
    cell.savedIn = period
    if (!cell.removed) rows.add(cell.key, this.#parts.pack(cell.state as S), false)
    else if (isKnown) rows.add(cell.key, undefined, true)
  }
}
