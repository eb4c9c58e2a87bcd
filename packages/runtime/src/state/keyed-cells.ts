import type { Cell, Key, StateStore } from '@malstrom/core'
import { CellIndex } from './cell-index.ts'

/** The state of one key. Cells form a list in the order in which their keys were first seen. */
class KeyedCell<K extends Key, S> implements Cell<K, S> {
  readonly key: K
  state: S | undefined
  previous: KeyedCell<K, S> | undefined
  next: KeyedCell<K, S> | undefined
  removed = false

  constructor(key: K, previous: KeyedCell<K, S> | undefined) {
    this.key = key
    this.state = undefined
    this.previous = previous
    this.next = undefined
  }
}

/** The keyed state of one operator on one worker. */
export class KeyedCells<K extends Key, S> implements StateStore<K, S> {
  readonly #index = new CellIndex<KeyedCell<K, S>>()
  #first: KeyedCell<K, S> | undefined
  #last: KeyedCell<K, S> | undefined
  #size = 0

  get size(): number {
    return this.#size
  }

  cell(key: K): KeyedCell<K, S> {
    return this.#index.get(key) ?? this.#create(key)
  }

  remove(cell: Cell<K, S>): void {
    this.#unlink(cell as KeyedCell<K, S>)
  }

  get(key: K): S | undefined {
    return this.#index.get(key)?.state
  }

  set(key: K, state: S): void {
    this.cell(key).state = state
  }

  delete(key: K): boolean {
    const cell = this.#index.get(key)
    if (cell === undefined) return false
    this.#unlink(cell)
    return true
  }

  *[Symbol.iterator](): Iterator<[key: K, state: S]> {
    // A removed cell keeps its `next`, so an iteration that stands on it goes on.
    for (let cell = this.#first; cell !== undefined; cell = cell.next) {
      if (!cell.removed && cell.state !== undefined) yield [cell.key, cell.state]
    }
  }

  #create(key: K): KeyedCell<K, S> {
    // A tuple belongs to the caller, who might change it.
    const owned = typeof key === 'object' ? (Object.freeze([...key]) as unknown as K) : key
    const cell = new KeyedCell<K, S>(owned, this.#last)
    if (this.#last === undefined) this.#first = cell
    else this.#last.next = cell
    this.#last = cell
    this.#index.add(cell)
    this.#size++
    return cell
  }

  #unlink(cell: KeyedCell<K, S>): void {
    if (cell.removed) return
    cell.removed = true
    if (cell.previous === undefined) this.#first = cell.next
    else cell.previous.next = cell.next
    if (cell.next === undefined) this.#last = cell.previous
    else cell.next.previous = cell.previous
    this.#index.delete(cell.key)
    this.#size--
  }
}
