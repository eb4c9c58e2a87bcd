import type { Cell, Key } from '@malstrom/core'

/** The state of one key. Cells form a list in the order in which their keys were first seen. */
export class KeyedCell<K extends Key, S> implements Cell<K, S> {
  readonly key: K
  state: S | undefined
  previous: KeyedCell<K, S> | undefined
  next: KeyedCell<K, S> | undefined
  removed = false
  /** The period, between two snapshots, in which it was last changed. */
  changedIn: number
  /** The last period whose snapshot has taken its state, or need not take it. */
  savedIn = 0
  /** Whether a snapshot may hold the key, so that its removal must be saved too. */
  stored: boolean

  constructor(key: K, previous: KeyedCell<K, S> | undefined, changedIn: number, stored: boolean) {
    this.key = key
    this.state = undefined
    this.previous = previous
    this.next = undefined
    this.changedIn = changedIn
    this.stored = stored
  }
}
