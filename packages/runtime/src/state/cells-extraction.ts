import type { Key, WorkerId } from '@malstrom/core'
import type { KeyedCell } from './keyed-cell.ts'

/** Rows that leave for one worker. */
export interface LeavingRows {
  readonly keys: Key[]
  readonly states: unknown[]
}

export interface CellsExtractionParts<K extends Key, S> {
  readonly first: KeyedCell<K, S> | undefined
  /** The cell of a key. */
  find(key: K): KeyedCell<K, S> | undefined
  readonly self: WorkerId
  /** Who owns a key from now on. */
  ownerOf(key: Key): WorkerId
  /** The state as it is encoded. */
  pack(state: S): unknown
  remove(cell: KeyedCell<K, S>): void
  /** It stands on no cell any more. */
  ended(): void
}

/**
 * Takes the states of keys that have moved to other workers out of the cells, piece by piece, while those
 * that stay are used: a key that has moved is not asked for here any more, so its state stays as it is.
 */
export class CellsExtraction<K extends Key, S> {
  readonly #parts: CellsExtractionParts<K, S>
  #next: KeyedCell<K, S> | undefined

  constructor(parts: CellsExtractionParts<K, S>) {
    this.#parts = parts
    this.#next = parts.first
    if (this.done) parts.ended()
  }

  get done(): boolean {
    return this.#next === undefined
  }

  /** Looks at `limit` more cells; gives the rows that leave, by worker. */
  take(limit: number): Map<WorkerId, LeavingRows> {
    const { self, ownerOf, ended } = this.#parts
    const leaving = new Map<WorkerId, LeavingRows>()
    if (this.done) return leaving
    for (let looked = 0; looked < limit && this.#next !== undefined; looked++) {
      const cell: KeyedCell<K, S> = this.#next
      this.#next = cell.next
      if (cell.removed || cell.state === undefined) continue
      const owner = ownerOf(cell.key)
      if (owner === self) continue
      let rows = leaving.get(owner)
      if (rows === undefined) {
        rows = { keys: [], states: [] }
        leaving.set(owner, rows)
      }
      this.#takeOut(cell, rows)
    }
    if (this.done) ended()
    return leaving
  }

  /** The rows of some keys that leave, before their turn; those that have left or never were are not among them. */
  takeKeys(keys: readonly Key[]): LeavingRows {
    const rows: LeavingRows = { keys: [], states: [] }
    for (const key of keys) {
      const cell = this.#parts.find(key as K)
      if (cell?.state !== undefined) this.#takeOut(cell, rows)
    }
    return rows
  }

  #takeOut(cell: KeyedCell<K, S>, rows: LeavingRows): void {
    rows.keys.push(cell.key)
    rows.states.push(this.#parts.pack(cell.state as S))
    this.#parts.remove(cell)
  }
}
