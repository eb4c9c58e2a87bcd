import { type Cell, MalstromError, type OperatorContext, type OperatorWait, type StateStore, type TimestampAlgebra } from '@malstrom/core'
import { ExpiryQueue } from '../keyed/expiry-queue.ts'
import { KeptBack, keysText } from '../time/kept-back.ts'
import { leastOf } from '../time/least-of.ts'
import type { WindowFailed } from './failed-windows.ts'
import { KeyWindows, WindowPane } from './key-windows.ts'
import type { Lateness } from './lateness.ts'
import { openWindowsText } from './open-windows-text.ts'
import { PanesBefore } from './panes-before.ts'
import type { Trigger } from './trigger.ts'
import type { Window, WindowAssigner } from './window.ts'
import type { WindowFunctions } from './window-functions.ts'

export interface FiringOptions {
  readonly lateness: Lateness | undefined
  readonly trigger: Trigger<unknown, unknown> | undefined
  /** Throws for records that are too late, of which dead letters are made, in place of sending them to `late`. @default false */
  readonly refusesLate?: boolean
  /** A window that has fired starts anew, in place of going on with what it has. */
  readonly discarding: boolean
}

interface Due {
  readonly state: KeyWindows
  readonly pane: WindowPane
  readonly at: unknown
}

/** The open windows of the keys on one worker. */
export class AssignedWindows {
  send: (value: unknown, key: unknown, timestamp: unknown) => void = () => {}
  sendLate: (value: unknown, key: unknown, timestamp: unknown) => void = () => {}
  /** What becomes of windows for which `emit` throws; `undefined` if the job fails. */
  failed: WindowFailed | undefined = undefined
  /** The last epoch that has come. */
  frontier: unknown
  readonly #context: OperatorContext
  readonly #store: StateStore<unknown, KeyWindows>
  readonly #time: TimestampAlgebra<unknown>
  readonly #assigner: WindowAssigner<unknown>
  readonly #functions: WindowFunctions
  readonly #options: FiringOptions
  readonly #queue: ExpiryQueue<Due, unknown>
  /** Windows that fire together, some time after the first of them has had a record. */
  #waiting: { readonly state: KeyWindows; readonly pane: WindowPane }[] = []
  /** When that is. */
  #firesAt = 0
  /** The cell of the last record, and the windows that are to fire because of it. */
  #cell: Cell<unknown, KeyWindows> | undefined
  readonly #firing: WindowPane[] = []
  #tooLate = false

  constructor(
    context: OperatorContext,
    time: TimestampAlgebra<unknown>,
    assigner: WindowAssigner<unknown>,
    functions: WindowFunctions,
    options: FiringOptions,
  ) {
    this.#context = context
    this.#time = time
    this.#assigner = assigner
    this.#functions = functions
    this.#options = options
    this.#store = context.keyedState<unknown, KeyWindows>()
    this.#queue = new ExpiryQueue(time)
    for (const [key, state] of this.#store) this.watch(key, state)
  }

  /** When the next window is looked at; the largest timestamp there is if no window waits. */
  get next(): unknown {
    return this.#queue.earliest ?? this.#time.max
  }

  /** When windows that have had records since they fired do so; `Infinity` if none has. By processing time. */
  get firesAt(): number {
    return this.#waiting.length === 0 ? Number.POSITIVE_INFINITY : this.#firesAt
  }

  restore(saved: readonly unknown[]): void {
    this.frontier = leastOf(this.#time, saved)
  }

  /** The state of a key is here, with windows that wait. */
  watch(key: unknown, state: KeyWindows): void {
    state.key = key
    for (const pane of state.panes) {
      this.#queuePane(state, pane, pane.last)
      if (pane.pending > 0) this.#wait(state, pane)
    }
  }

  /** Adds a record to its windows. Whatever throws, they stay as they were, as far as `failed` is there. */
  attempt(value: unknown, key: unknown, timestamp: unknown): void {
    const cell = this.#store.cell(key)
    let state = cell.state
    if (state === undefined) {
      state = new KeyWindows(cell.key)
      cell.state = state
    }
    this.#cell = cell
    if (this.failed === undefined) {
      this.#addRecord(state, value, timestamp)
      return
    }
    const before = new PanesBefore(state)
    try {
      this.#addRecord(state, value, timestamp)
    } catch (error) {
      this.#firing.length = 0
      before.restore(state)
      if (state.panes.length === 0) this.#store.remove(cell)
      throw error
    }
  }

  /** What follows `attempt`: fires windows, and sends on a record that was too late. */
  settle(value: unknown, key: unknown, timestamp: unknown): void {
    const cell = this.#cell as Cell<unknown, KeyWindows>
    const state = cell.state as KeyWindows
    const firing = this.#firing
    for (let i = 0; i < firing.length; i++) this.#fire(state, firing[i] as WindowPane)
    firing.length = 0
    if (state.panes.length === 0) this.#store.remove(cell)
    if (!this.#tooLate) return
    this.#context.counters.late++
    this.sendLate(value, key, timestamp)
  }

  #addRecord(state: KeyWindows, value: unknown, timestamp: unknown): void {
    const windows = this.#assigner.assign(timestamp)
    this.#tooLate = true
    for (let i = 0; i < windows.length; i++) {
      const window = windows[i] as Window<unknown>
      const pane = this.#assigner.merging ? this.#joined(state, window, timestamp) : this.#openPaneOf(state, window, timestamp)
      if (pane === undefined) continue
      this.#tooLate = false
      pane.accumulator = this.#functions.add(pane.accumulator, value, state.key, timestamp)
      pane.pending++
      const { trigger } = this.#options
      if (this.#isComplete(pane.last) || trigger?.fires?.(pane.pending, value, timestamp, pane.window) === true) this.#firing.push(pane)
      else this.#wait(state, pane)
    }
    if (!this.#tooLate || !this.#options.refusesLate) return
    this.#context.counters.late++
    refuseLate(this.#context.operatorName, state.key, timestamp, this.frontier)
  }

  /** Fires the windows that are complete at `epoch`, and forgets those that nothing can change any more. */
  advance(epoch: unknown): void {
    const { lateness } = this.#options
    for (let due = this.#queue.popDue(epoch); due !== undefined; due = this.#queue.popDue(epoch)) {
      const { state, pane, at } = due
      if (pane.gone || pane.queuedAt !== at || this.#store.get(state.key) !== state) continue
      // A session may have become longer.
      if (this.#time.compare(pane.last, epoch) > 0) {
        this.#queuePane(state, pane, pane.last)
        continue
      }
      if (pane.pending > 0) this.#fire(state, pane)
      const until = lateness === undefined ? pane.last : lateness.after(pane.last)
      if (this.#time.compare(until, epoch) > 0) this.#queuePane(state, pane, until)
      else {
        state.remove(pane)
        if (state.panes.length === 0) this.#store.delete(state.key)
      }
    }
    this.frontier = epoch
  }

  /** Fires the windows that have waited for it. */
  fireWaiting(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const { state, pane } of waiting) {
      pane.waiting = false
      if (this.#isToFire(state, pane)) this.#fire(state, pane)
    }
  }

  /** Not if it has fired, become part of another window, or moved to another worker meanwhile. */
  #isToFire(state: KeyWindows, pane: WindowPane): boolean {
    return !pane.gone && pane.pending > 0 && this.#store.get(state.key) === state
  }

  /** `shown`: a window as people read it. */
  explain(shown = (window: Window<unknown>) => window): readonly OperatorWait[] {
    const { lateness } = this.#options
    const [open, kept] = [new KeptBack(this.#time), new KeptBack(this.#time)]
    let [openKeys, keptKeys] = [0, 0]
    let first: Window<unknown> | undefined
    for (const [, { panes }] of this.#store) {
      const [openBefore, keptBefore] = [open.count, kept.count]
      for (const { window, last } of panes) {
        if (this.#isComplete(last)) kept.add(lateness === undefined ? last : lateness.after(last))
        else if (open.add(last)) first = window
      }
      if (open.count > openBefore) openKeys++
      if (kept.count > keptBefore) keptKeys++
    }
    const waits: OperatorWait[] = [kept.wait(`complete windows of ${keysText(keptKeys)} for late records`)]
    if (first !== undefined) waits.unshift(open.wait(openWindowsText(openKeys, shown(first))))
    const count = this.#waiting.filter(({ state, pane }) => this.#isToFire(state, pane)).length
    waits.push({ waitsFor: 'time', what: 'windows that have had records since they fired', count, until: this.#firesAt })
    return waits
  }

  /** The window has a record that it has not told of. */
  #wait(state: KeyWindows, pane: WindowPane): void {
    const everyMs = this.#options.trigger?.everyMs
    if (everyMs === undefined || pane.waiting) return
    pane.waiting = true
    if (this.#waiting.length === 0) {
      this.#firesAt = this.#context.now() + everyMs
      this.#context.wakeAt(this.#firesAt)
    }
    this.#waiting.push({ state, pane })
  }

  /** The pane of a window, which is made if it is not there; `undefined` if the window is over for good. */
  #openPaneOf(state: KeyWindows, window: Window<unknown>, timestamp: unknown): WindowPane | undefined {
    const { panes } = state
    let index = panes.length
    // Records come mostly to the last windows.
    for (; index > 0; index--) {
      const pane = panes[index - 1] as WindowPane
      const order = this.#time.compare(pane.window.start, window.start) || this.#time.compare(pane.window.end, window.end)
      if (order === 0) return pane
      if (order < 0) break
    }
    const last = this.#assigner.lastOf(window)
    return this.#isOver(last, state.key, timestamp) ? undefined : this.#add(state, window, last, index)
  }

  /** The pane of the window that `window` and those that it meets become; `undefined` if that is over for good. */
  #joined(state: KeyWindows, window: Window<unknown>, timestamp: unknown): WindowPane | undefined {
    const { compare } = this.#time
    const { panes } = state
    let { start, end } = window
    let to = panes.length
    while (to > 0 && compare((panes[to - 1] as WindowPane).window.start, end) > 0) to--
    let from = to
    while (from > 0 && compare((panes[from - 1] as WindowPane).window.end, start) >= 0) from--
    const first = panes[from] as WindowPane
    if (from < to) {
      if (compare(first.window.start, start) < 0) start = first.window.start
      const { window: latest } = panes[to - 1] as WindowPane
      if (compare(latest.end, end) > 0) end = latest.end
    }
    const grown = { start, end }
    const last = this.#assigner.lastOf(grown)
    if (from === to) return this.#isOver(last, state.key, timestamp) ? undefined : this.#add(state, window, last, from)
    const merge = this.#functions.merge as (earlier: unknown, later: unknown) => unknown
    for (const other of panes.splice(from + 1, to - from - 1)) {
      other.gone = true
      first.accumulator = merge(first.accumulator, other.accumulator)
      first.pending += other.pending
    }
    first.window = grown
    first.last = last
    if (compare(last, first.queuedAt) < 0) this.#queuePane(state, first, last)
    return first
  }

  #add(state: KeyWindows, window: Window<unknown>, last: unknown, index: number): WindowPane {
    const pane = new WindowPane(window, last, this.#functions.init(state.key))
    state.panes.splice(index, 0, pane)
    this.#queuePane(state, pane, last)
    return pane
  }

  #queuePane(state: KeyWindows, pane: WindowPane, at: unknown): void {
    pane.queuedAt = at
    this.#queue.push(at, { state, pane, at })
  }

  #fire(state: KeyWindows, pane: WindowPane): void {
    const { emit, init } = this.#functions
    const { accumulator } = pane
    pane.pending = 0
    if (this.#options.discarding) pane.accumulator = init(state.key)
    let result = accumulator
    if (emit !== undefined) {
      try {
        result = emit(accumulator, pane.window, state.key)
      } catch (error) {
        if (this.failed === undefined) throw error
        this.failed(error, accumulator, pane.window, state.key, pane.last)
        return
      }
    }
    this.send(result, state.key, pane.last)
  }

  #isComplete(last: unknown): boolean {
    return this.frontier !== undefined && this.#time.compare(last, this.frontier) <= 0
  }

  /** Whether a window can change no more. Without lateness, records that are after the frontier have no such windows. */
  #isOver(last: unknown, key: unknown, timestamp: unknown): boolean {
    const { lateness } = this.#options
    if (lateness !== undefined) return this.#isComplete(lateness.after(last))
    if (!this.#isComplete(last)) return false
    if (!this.#isComplete(timestamp)) refuseFraction(this.#context.operatorName, key, last, this.frontier)
    return true
  }
}

/** Refuses a record after the frontier whose window is complete. */
export function refuseFraction(operator: string, key: unknown, last: unknown, frontier: unknown): never {
  throw new MalstromError(
    'ERR_TIMESTAMP_INVALID',
    `Operator "${operator}" was given a record whose window was complete at ${String(last)}, and the frontier has come to ${String(frontier)}. Its timestamp is between two of a time with before, as numbers are whole: round it in assignTimestamps.`,
    { context: { operator, key } },
  )
}

/** Refuses a record behind the frontier, where dead letters are made of those. */
export function refuseLate(operator: string, key: unknown, timestamp: unknown, frontier: unknown): never {
  throw new MalstromError(
    'ERR_TIMESTAMP_INVALID',
    `Operator "${operator}" was given a record at ${String(timestamp)} when the frontier had come to ${String(frontier)} and all its windows were over: its source was idle (idleAfterMs), so nobody waited for it. allowedLateness keeps windows for such records.`,
    { context: { operator, key, timestamp } },
  )
}
