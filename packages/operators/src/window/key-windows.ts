import type { Window } from './window.ts'

/** What a key has in one window. */
export class WindowPane {
  window: Window<unknown>
  /** The timestamp at which the window is complete. */
  last: unknown
  accumulator: unknown
  /** Records since it fired last. */
  pending = 0
  /** When it is looked at next. */
  queuedAt: unknown = undefined
  /** It is among those that fire together after a while of processing time. */
  waiting = false
  /** It has become part of another window, or is forgotten. */
  gone = false

  constructor(window: Window<unknown>, last: unknown, accumulator: unknown) {
    this.window = window
    this.last = last
    this.accumulator = accumulator
  }
}

/** The state of one key: its windows, by their starts. */
export class KeyWindows {
  /** Set as soon as the state is where it belongs. */
  key: unknown
  readonly panes: WindowPane[] = []

  constructor(key: unknown) {
    this.key = key
  }

  remove(pane: WindowPane): void {
    pane.gone = true
    this.panes.splice(this.panes.indexOf(pane), 1)
  }
}

interface PackedWindows {
  readonly starts: readonly unknown[]
  readonly ends: readonly unknown[]
  readonly accumulators: readonly unknown[]
  readonly pending: readonly number[]
}

export function packWindows({ panes }: KeyWindows): PackedWindows {
  return {
    starts: panes.map(({ window }) => window.start),
    ends: panes.map(({ window }) => window.end),
    accumulators: panes.map(({ accumulator }) => accumulator),
    pending: panes.map(({ pending }) => pending),
  }
}

/** The state again, without its key. */
export function unpackWindows(
  data: unknown,
  accumulatorOf: (saved: unknown) => unknown,
  lastOf: (window: Window<unknown>) => unknown,
): KeyWindows {
  const { starts, ends, accumulators, pending } = data as PackedWindows
  const state = new KeyWindows(undefined)
  starts.forEach((start, index) => {
    const window = { start, end: ends[index] }
    const pane = new WindowPane(window, lastOf(window), accumulatorOf(accumulators[index]))
    pane.pending = pending[index] as number
    state.panes.push(pane)
  })
  return state
}
