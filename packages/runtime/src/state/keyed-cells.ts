import type { Cell, Key, StateStore } from '@malstrom/core'
import { CellIndex } from './cell-index.ts'
import { CellsExtraction, type CellsExtractionParts } from './cells-extraction.ts'
import { CellsSave } from './cells-save.ts'
import { DirtyList } from './dirty-list.ts'
import { isSameKind } from './key-kind.ts'
import { KeyedCell } from './keyed-cell.ts'

export interface ExpectedKeys<K> {
  /** One of them. */
  readonly like: K
  /** Throws. */
  refuse(key: K): void
}

/** A period before all others. */
const RESTORED = -1

/**
 * The keyed state of one operator on one worker. While changes are tracked, a cell that is looked up is
 * taken as changed, because a state may be changed in place: looking up costs one comparison more,
 * and the first look in each period (from snapshot to snapshot) adds the cell to a list.
 */
export class KeyedCells<K extends Key, S> implements StateStore<K, S> {
  readonly #index = new CellIndex<KeyedCell<K, S>>()
  #first: KeyedCell<K, S> | undefined
  #last: KeyedCell<K, S> | undefined
  #size = 0
  #period = 1
  /** Cells that were changed in this period; `undefined` if nobody tracks changes. */
  #dirty: DirtyList<KeyedCell<K, S>> | undefined
  /** Set while only keys like one of those that were restored may come. */
  #expected: ExpectedKeys<K> | undefined
  /** Iterations and extractions that are under way: each may stand on a cell that is removed, and goes on from there. */
  #walkers = 0
  /** The snapshot that is being written. */
  #save: CellsSave<K, S> | undefined

  get size(): number {
    return this.#size
  }

  /** Cells that were changed since the last snapshot. */
  get dirty(): number {
    return this.#dirty?.length ?? 0
  }

  cell(key: K): KeyedCell<K, S> {
    const cell = this.#index.get(key)
    if (cell === undefined) {
      if (this.#expected !== undefined) this.#checkKind(this.#expected, key)
      return this.#create(key, this.#period, 0)
    }
    if (cell.changedIn !== this.#period) {
      this.#expected = undefined
      this.#touch(cell)
    }
    return cell
  }

  touch(cell: Cell<K, S>): boolean {
    const own = cell as KeyedCell<K, S>
    if (own.removed) return false
    if (own.changedIn !== this.#period) this.#touch(own)
    return true
  }

  remove(cell: Cell<K, S>): void {
    this.#unlink(cell as KeyedCell<K, S>)
  }

  get(key: K): S | undefined {
    const cell = this.#index.get(key)
    if (cell === undefined) {
      if (this.#expected !== undefined) this.#checkKind(this.#expected, key)
      return undefined
    }
    this.#touchObject(cell)
    return cell.state
  }

  has(key: K): boolean {
    return this.#index.get(key) !== undefined
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
    this.#walkers++
    try {
      for (let cell = this.#first; cell !== undefined; cell = cell.next) {
        if (cell.removed || cell.state === undefined) continue
        this.#touchObject(cell)
        yield [cell.key, cell.state]
      }
    } finally {
      this.#walkers--
    }
  }

  /** Makes ready for so many keys, before the first one comes. */
  reserve(keys: number): void {
    this.#index.reserve(keys)
  }

  /** Adds what a snapshot holds, in its order. `isNew` says that the key is not there yet. */
  restore(key: K, state: S, isNew: boolean): void {
    const cell = (isNew ? undefined : this.#index.get(key)) ?? this.#create(key, 0, RESTORED)
    cell.state = state
  }

  /**
   * All keys that were restored are of one kind. Calls `refuse` if the first key that is looked up now is of another one: then the job
   * has changed, and none of those states would ever be found. Once a key of that kind has come, others may be there besides.
   */
  expect(expected: ExpectedKeys<K>): void {
    this.#expected = expected
  }

  /** Takes away what a snapshot says was removed. */
  restoreRemoval(key: K): void {
    this.delete(key)
  }

  /** From now on, snapshots can be taken. What was restored counts as unchanged. */
  trackChanges(): void {
    this.#dirty = new DirtyList()
  }

  /**
   * Takes a snapshot: of all cells, or of those changed since the last one. It costs the same however
   * many there are; the result is then written piece by piece, while the states go on changing.
   */
  takeSnapshot(whole: boolean, form: { pack(state: S): unknown; copy(state: S): unknown }): CellsSave<K, S> {
    const changed = this.#dirty ?? new DirtyList()
    const save = new CellsSave<K, S>({
      period: this.#period,
      changed: whole ? undefined : changed,
      first: this.#first,
      last: this.#last,
      pack: form.pack,
      copy: form.copy,
      unlink: (cell) => this.#takeOut(cell),
    })
    this.#save = save
    this.#dirty = new DirtyList()
    this.#period++
    return save
  }

  /** Takes out the states of keys that other workers own from now on. */
  extract(options: Pick<CellsExtractionParts<K, S>, 'self' | 'ownerOf' | 'pack'>): CellsExtraction<K, S> {
    this.#walkers++
    return new CellsExtraction<K, S>({
      ...options,
      first: this.#first,
      find: (key) => this.#index.get(key),
      remove: (cell) => this.#unlink(cell),
      ended: () => {
        this.#walkers--
      },
    })
  }

  #checkKind({ like, refuse }: ExpectedKeys<K>, key: K): void {
    if (!isSameKind(like, key)) refuse(key)
    this.#expected = undefined
  }

  /** The first change of a cell in this period is to come. */
  #touch(cell: KeyedCell<K, S>): void {
    this.#save?.beforeChange(cell)
    cell.changedIn = this.#period
    this.#dirty?.push(cell)
  }

  /** Who is given an object may change it. */
  #touchObject(cell: KeyedCell<K, S>): void {
    if (cell.changedIn !== this.#period && typeof cell.state === 'object' && this.#dirty !== undefined) this.#touch(cell)
  }

  #create(key: K, changedIn: number, savedIn: number): KeyedCell<K, S> {
    // A tuple belongs to the caller, who might change it.
    const owned = typeof key === 'object' ? (Object.freeze([...key]) as unknown as K) : key
    const cell = new KeyedCell<K, S>(owned, this.#last, changedIn, savedIn)
    if (this.#last === undefined) this.#first = cell
    else this.#last.next = cell
    this.#last = cell
    this.#index.add(cell)
    this.#size++
    if (changedIn === this.#period) this.#dirty?.push(cell)
    return cell
  }

  #unlink(cell: KeyedCell<K, S>): void {
    if (cell.removed) return
    if (cell.changedIn !== this.#period) this.#touch(cell)
    cell.removed = true
    cell.state = undefined
    this.#index.delete(cell.key)
    this.#size--
    // A snapshot that walks along the list takes the cell out when it has passed.
    if (this.#save?.stillNeeds(cell) !== true) this.#takeOut(cell)
  }

  #takeOut(cell: KeyedCell<K, S>): void {
    if (cell.previous === undefined) this.#first = cell.next
    else cell.previous.next = cell.next
    if (cell.next === undefined) this.#last = cell.previous
    else cell.next.previous = cell.previous
    cell.previous = undefined
    // One that has grown old would keep the next one alive, which then grows old, too, and so on, until old garbage is collected.
    if (this.#walkers === 0) cell.next = undefined
  }
}
