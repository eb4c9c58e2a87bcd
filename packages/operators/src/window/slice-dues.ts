import type { TimestampAlgebra } from '@malstrom/core'
import { ExpiryQueue } from '../keyed/expiry-queue.ts'
import type { KeySlices } from './key-slices.ts'
import { type Slices, type Window, windowAt } from './window.ts'

/** The windows that start with one slice, of all keys. */
export interface DueWindow {
  readonly from: number
  readonly window: Window<unknown>
  /** The timestamp at which they are complete. */
  readonly last: unknown
  /** Keys that had this window as their next one. Some may have an earlier one by now, or be gone. */
  readonly keys: KeySlices[]
}

/**
 * Which keys have a window to fire, by window: windows are the same for all keys, so there is one entry in the
 * queue for each window, however many keys there are, and an epoch that completes none costs one comparison.
 */
export class SliceDues {
  /** The timestamp that completes the next window; the largest there is if no window waits. */
  next: unknown
  readonly #time: TimestampAlgebra<unknown>
  readonly #slices: Slices<unknown>
  readonly #lastOf: (window: Window<unknown>) => unknown
  readonly #queue: ExpiryQueue<DueWindow, unknown>
  readonly #byStart = new Map<number, DueWindow>()
  /** The window that a key was added to last. */
  #recent: DueWindow | undefined

  constructor(time: TimestampAlgebra<unknown>, slices: Slices<unknown>, lastOf: (window: Window<unknown>) => unknown) {
    this.#time = time
    this.#slices = slices
    this.#lastOf = lastOf
    this.#queue = new ExpiryQueue(time)
    this.next = time.max
  }

  /** Windows that wait. */
  get size(): number {
    return this.#queue.size
  }

  /** The next window of a key is the one that starts with slice `from`. */
  add(key: KeySlices, from: number): DueWindow {
    key.due = from
    const due = this.#recent?.from === from ? this.#recent : this.#dueAt(from)
    due.keys.push(key)
    return due
  }

  /** The timestamp at which the window that starts with slice `from` is complete. */
  lastOf(from: number): unknown {
    if (this.#recent?.from === from) return this.#recent.last
    return this.#byStart.get(from)?.last ?? this.#lastOf(windowAt(this.#slices, from))
  }

  /** Takes the next window that is complete at `epoch`, those that end first before others. */
  take(epoch: unknown): DueWindow | undefined {
    const due = this.#queue.popDue(epoch)
    if (due === undefined) {
      this.next = this.#queue.earliest ?? this.#time.max
      return undefined
    }
    this.#byStart.delete(due.from)
    if (this.#recent === due) this.#recent = undefined
    return due
  }

  #dueAt(from: number): DueWindow {
    let due = this.#byStart.get(from)
    if (due === undefined) {
      const window = windowAt(this.#slices, from)
      due = { from, window, last: this.#lastOf(window), keys: [] }
      this.#byStart.set(from, due)
      this.#queue.push(due.last, due)
      this.next = this.#queue.earliest
    }
    this.#recent = due
    return due
  }
}
