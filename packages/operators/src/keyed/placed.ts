import type { Cell, StateStore } from '@malstrom/core'

/** A state that knows its cell, so that whoever comes back to it looks up no key. None of this is saved. */
export interface Placed {
  /** Set as soon as the state is where it belongs. */
  key: unknown
  /** `undefined` for a state that was restored or has come from another worker, until it is looked up. */
  cell: Cell<unknown, Placed> | undefined
}

/** The state is kept in this cell from now on. */
export function placeIn<S extends Placed>(state: S, cell: Cell<unknown, S>): void {
  state.cell = cell as Cell<unknown, Placed>
}

/** The cell of a state that is going to be changed; `undefined` if its key was removed or has moved to another worker. */
export function cellOf<S extends Placed>(store: StateStore<unknown, S>, state: S): Cell<unknown, S> | undefined {
  const known = state.cell as Cell<unknown, S> | undefined
  if (known !== undefined) return known.state === state && store.touch(known) ? known : undefined
  if (store.get(state.key) !== state) return undefined
  const found = store.cell(state.key)
  placeIn(state, found)
  return found
}
