import type { KeyWindows, WindowPane } from './key-windows.ts'
import type { Window } from './window.ts'

interface PaneBefore {
  readonly pane: WindowPane
  readonly window: Window<unknown>
  readonly last: unknown
  readonly accumulator: unknown
  readonly pending: number
  readonly queuedAt: unknown
}

/** The windows of a key as they were before a record came for which the user's function may throw. */
export class PanesBefore {
  readonly #panes: readonly PaneBefore[]

  constructor({ panes }: KeyWindows) {
    this.#panes = panes.map((pane) => {
      const { window, last, accumulator, pending, queuedAt } = pane
      return { pane, window, last, accumulator, pending, queuedAt }
    })
  }

  /** What the function has changed in place stays as the function has left it. */
  restore(state: KeyWindows): void {
    for (const pane of state.panes.splice(0)) pane.gone = true
    for (const { pane, ...before } of this.#panes) {
      state.panes.push(Object.assign(pane, before, { gone: false }))
    }
  }
}
