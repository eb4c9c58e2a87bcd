import type { Key } from '@malstrom/core'
import type { DirtyList } from './dirty-list.ts'
import type { KeyedCell } from './keyed-cell.ts'

/** Rows of a snapshot: `states[i]` belongs to `keys[i]`; `removed` lists the rows whose key was forgotten. */
export interface SavedRows {
  readonly keys: unknown[]
  readonly states: unknown[]
  readonly removed: boolean[]
  hasRemoved: boolean
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
  /** The states of cells that have changed before their turn came. */
  readonly #before = new Map<KeyedCell<K, S>, unknown>()
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
    this.#before.set(cell, copy(cell.state as S))
  }

  /** Whether a removed cell must stay in the list of cells until its turn has come. */
  stillNeeds(cell: KeyedCell<K, S>): boolean {
    return this.whole && !this.#done && this.#before.has(cell)
  }

  /** Gives up to `limit` more rows. */
  take(limit: number): SavedRows {
    const rows: SavedRows = { keys: [], states: [], removed: [], hasRemoved: false }
    if (this.whole) this.#takeFromList(rows, limit)
    else this.#takeChanged(rows, limit)
    return rows
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
    if (cell.savedIn === period) {
      const state = this.#before.get(cell)
      this.#before.delete(cell)
      this.#add(rows, cell, state)
      return
    }
    const isKnown = cell.savedIn !== 0
    cell.savedIn = period
    if (!cell.removed) this.#add(rows, cell, this.#parts.pack(cell.state as S))
    else if (isKnown) {
      rows.hasRemoved = true
      rows.keys.push(cell.key)
      rows.states.push(undefined)
      rows.removed.push(true)
    }
  }

  #add(rows: SavedRows, cell: KeyedCell<K, S>, state: unknown): void {
    rows.keys.push(cell.key)
    rows.states.push(state)
    rows.removed.push(false)
  }
}
