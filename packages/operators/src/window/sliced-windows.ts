import type { Cell, OperatorContext, OperatorCounters, OperatorWait, StateStore, TimestampAlgebra } from '@malstrom/core'
import { cellOf, placeIn } from '../keyed/placed.ts'
import { KeptBack } from '../time/kept-back.ts'
import { leastOf } from '../time/least-of.ts'
import { refuseFraction, refuseLate } from './assigned-windows.ts'
import type { WindowFailed } from './failed-windows.ts'
import { KeySlices } from './key-slices.ts'
import { openWindowsText } from './open-windows-text.ts'
import { SliceDues } from './slice-dues.ts'
import { firstWindowOf, type Slices, type Window, type WindowAssigner, windowAt } from './window.ts'
import type { WindowFunctions } from './window-functions.ts'

const NO_RING: { readonly earlier: unknown[] } = { earlier: [] }

/** The open windows of the keys on one worker. */
export class SlicedWindows {
  readonly slices: Slices<unknown>
  readonly store: StateStore<unknown, KeySlices>
  readonly dues: SliceDues
  send: (value: unknown, key: unknown, timestamp: unknown) => void = () => {}
  /** What becomes of windows for which `emit` throws; `undefined` if the job fails. */
  failed: WindowFailed | undefined = undefined
  /** The last epoch that has passed. */
  frontier: unknown
  readonly counters: OperatorCounters
  readonly time: TimestampAlgebra<unknown>
  readonly #operator: string
  readonly #lastOf: (window: Window<unknown>) => unknown
  readonly #functions: WindowFunctions

  constructor(context: OperatorContext, time: TimestampAlgebra<unknown>, assigner: WindowAssigner<unknown>, functions: WindowFunctions) {
    this.#operator = context.operatorName
    this.counters = context.counters
    this.time = time
    this.slices = assigner.slices as Slices<unknown>
    this.#functions = functions
    this.store = context.keyedState<unknown, KeySlices>()
    this.#lastOf = (window) => assigner.lastOf(window)
    this.dues = new SliceDues(time, this.slices, this.#lastOf)
    for (const [key, state] of this.store) this.watch(key, state)
  }

  restore(saved: readonly unknown[]): void {
    this.frontier = leastOf(this.time, saved)
  }

  /** The state of a key is here, with windows that have not fired. */
  watch(key: unknown, state: KeySlices): void {
    state.key = key
    this.dues.add(state, state.due)
  }

  /** The timestamp that completes the next window; the largest there is if no window waits. */
  get next(): unknown {
    return this.dues.next
  }

  data(value: unknown, key: unknown, timestamp: unknown): void {
    this.update(key, timestamp, (sum) => this.#functions.add(sum, value, key, timestamp))
  }

  /** Whether a record can be part of no window that is open: its source was idle, and nobody has waited for it. */
  isLate(timestamp: unknown): boolean {
    if (this.frontier === undefined || this.time.compare(timestamp, this.frontier) > 0) return false
    return this.time.compare(this.dues.lastOf(this.#firstOpen(this.slices.sliceOf(timestamp))), this.frontier) <= 0
  }

  /** Replaces what a key has in the slice of a timestamp. */
  update(key: unknown, timestamp: unknown, f: (sum: unknown) => unknown): void {
    const slice = this.slices.sliceOf(timestamp)
    const cell = this.store.cell(key)
    let { state } = cell
    if (state === undefined) {
      state = this.open(cell, slice)
      cell.state = state
    }
    const place = state.slice === slice ? -1 : this.placeOf(state, slice)
    const { earlier } = state.ring ?? NO_RING
    if (place < 0) state.accumulator = f(state.accumulator)
    else earlier[place] = f(earlier[place])
  }

  /** The same, and if a function throws everything stays as it was. Throws for a record that is late, too. */
  attempt(value: unknown, key: unknown, timestamp: unknown): void {
    if (this.isLate(timestamp)) {
      this.counters.late++
      refuseLate(this.#operator, key, timestamp, this.frontier)
    }
    const { add, init } = this.#functions
    const slice = this.slices.sliceOf(timestamp)
    const cell = this.store.cell(key)
    const { state } = cell
    const isNewest = state?.slice === slice
    let place = isNewest ? -1 : (state?.ring?.placeOf(slice) ?? -1)
    let accumulator: unknown
    try {
      if (isNewest) accumulator = state.accumulator
      else if (place >= 0) accumulator = state?.ring?.earlier[place]
      else {
        this.#refusePast(state, slice, key)
        accumulator = init(cell.key)
      }
      accumulator = add(accumulator, value, key, timestamp)
    } catch (error) {
      if (state === undefined) this.store.remove(cell)
      throw error
    }
    cell.state ??= this.open(cell, slice)
    if (cell.state.slice !== slice && place < 0) place = this.placeOf(cell.state, slice)
    const { earlier } = cell.state.ring ?? NO_RING
    if (place < 0) cell.state.accumulator = accumulator
    else earlier[place] = accumulator
  }

  /** Fires the windows that are complete at `epoch`. */
  advance(epoch: unknown): void {
    if (this.time.compare(this.dues.next, epoch) <= 0) this.fire(epoch)
    this.frontier = epoch
  }

  /** The state of a new key whose first record is in `slice`. */
  open(cell: Cell<unknown, KeySlices>, slice: number): KeySlices {
    const state = new KeySlices(cell.key, slice, this.#functions.init(cell.key))
    placeIn(state, cell)
    this.#due(state, this.#firstOpen(slice))
    return state
  }

  /** Where `earlier` of a key has a slice; -1 if it is the newest. It is made if it is not there. */
  placeOf(state: KeySlices, slice: number): number {
    const isNewest = slice > state.slice
    let place = isNewest ? -1 : (state.ring?.placeOf(slice) ?? -1)
    if (place >= 0) return place
    const from = this.#firstOpen(slice)
    if (from < state.due) this.#due(state, from)
    const accumulator = this.#functions.init(state.key)
    if (isNewest) state.begin(slice, accumulator)
    else place = state.insert(slice, accumulator)
    return place
  }

  /** Emits the windows that are complete at `epoch`, in the order of their ends. */
  fire(epoch: unknown): void {
    const { perWindow, perSlide } = this.slices
    // Not called where it is not there: each window is then one slice.
    const merge = this.#functions.merge as NonNullable<WindowFunctions['merge']>
    for (let due = this.dues.take(epoch); due !== undefined; due = this.dues.take(epoch)) {
      const { from, window, last, keys } = due
      const end = from + perWindow
      const next = from + perSlide
      for (let i = 0; i < keys.length; i++) {
        const state = keys[i] as KeySlices
        // It may have fired already, where an earlier window became its next one.
        if (state.due !== from) continue
        const cell = cellOf(this.store, state)
        if (cell === undefined) continue
        const sum = state.merged(from, end, merge)
        this.#emit(sum, window, state.key, last)
        if (!state.evict(from, next, merge)) this.store.remove(cell)
        // Most keys have something in the next window, too.
        else this.dues.add(state, state.first < next + perWindow ? next : firstWindowOf(this.slices, state.first))
      }
    }
  }

  #emit(accumulator: unknown, window: Window<unknown>, key: unknown, last: unknown): void {
    const { emit } = this.#functions
    let result = accumulator
    if (emit !== undefined) {
      try {
        result = emit(accumulator, window, key)
      } catch (error) {
        if (this.failed === undefined) throw error
        this.failed(error, accumulator, window, key, last)
        return
      }
    }
    this.send(result, key, last)
  }

  /** `shown`: a window as people read it. */
  explain(shown = (window: Window<unknown>) => window): readonly OperatorWait[] {
    const open = new KeptBack(this.time)
    let first: Window<unknown> | undefined
    for (const [, state] of this.store) {
      const window = windowAt(this.slices, state.due)
      if (open.add(this.#lastOf(window), this.#openOf(state))) first = window
    }
    return first === undefined ? [] : [open.wait(openWindowsText(this.store.size, shown(first)))]
  }

  /** How many windows have something of a key. */
  #openOf(state: KeySlices): number {
    const { perSlide } = this.slices
    let count = 0
    let next = state.due
    for (const slice of state.pack().slices) {
      const from = Math.max(next, firstWindowOf(this.slices, slice))
      // At the infinite ends of time there is one window only.
      if (!Number.isFinite(from)) count++
      else if (from <= slice) {
        const windows = Math.floor((slice - from) / perSlide) + 1
        count += windows
        next = from + windows * perSlide
      }
    }
    return count
  }

  /** The first window with a slice that is not complete; the last one if all are. */
  #firstOpen(slice: number): number {
    const { perSlide } = this.slices
    let from = firstWindowOf(this.slices, slice)
    if (this.frontier === undefined) return from
    // A window of infinity is followed by none.
    while (from + perSlide <= slice && from + perSlide > from && this.time.compare(this.dues.lastOf(from), this.frontier) <= 0)
      from += perSlide
    return from
  }

  /** The next window of a key is the one that starts with slice `from`. */
  #due(state: KeySlices, from: number): void {
    const { last } = this.dues.add(state, from)
    this.#refuseComplete(last, state.key)
  }

  /** Refuses a slice that a key cannot begin, because a window of it is complete. */
  #refusePast(state: KeySlices | undefined, slice: number, key: unknown): void {
    const from = this.#firstOpen(slice)
    if (state === undefined || from < state.due) this.#refuseComplete(this.dues.lastOf(from), key)
  }

  #refuseComplete(last: unknown, key: unknown): void {
    if (this.frontier === undefined || this.time.compare(last, this.frontier) > 0) return
    refuseFraction(this.#operator, key, last, this.frontier)
  }
}
