import type { Cell, Key } from '@malstrom/core'

/** Says that no state was kept of a cell from before it changed. */
export const NOTHING_KEPT = -1

/** The state of one key. Cells form a list in the order in which their keys were first seen. */
export class KeyedCell<K extends Key, S> implements Cell<K, S> {
  readonly key: K
  state: S | undefined
  previous: KeyedCell<K, S> | undefined
  next: KeyedCell<K, S> | undefined
  removed = false
  /** The period, between two snapshots, in which it was last changed. */
  changedIn: number
  /** The last period whose snapshot has taken its state; 0 if none has, so that none knows the key. */
  savedIn: number
  /** Where its state is kept as it was before it changed, while a snapshot is written and its turn has not come. */
  before = NOTHING_KEPT

  constructor(key: K, previous: KeyedCell<K, S> | undefined, changedIn: number, savedIn: number) {
    this.key = key
    this.state = undefined
    this.previous = previous
    this.next = undefined
    this.changedIn = changedIn
    this.savedIn = savedIn
  }
}
