import type { Cell, StateStore, TimestampAlgebra } from '@malstrom/core'
import { ExpiryQueue } from '../keyed/expiry-queue.ts'
import { cellOf, type Placed } from '../keyed/placed.ts'
import { type NotAfter, notAfterOf } from './not-after.ts'

/** A state that is to be looked at when the frontier comes to a time. None of this is saved. */
export class Dated implements Placed {
  /** Set when the state is first watched. */
  key: unknown = undefined
  cell: Placed['cell'] = undefined
  /** The earliest entry that is queued for it. */
  due: Due | undefined = undefined
  /** The line in which it stands, and until when. */
  line: Line | undefined = undefined
  at: unknown = undefined
  // Its neighbours in the line.
  before: Dated | undefined = undefined
  behind: Dated | undefined = undefined
}

/** A time at which a state is to be looked at. */
export interface Due {
  readonly state: Dated
  readonly at: unknown
  /** The next one of the same state: queued before this one, due after it. */
  readonly later: Due | undefined
}

/**
 * What is due somewhat later than it could be, in the order in which it came. States are linked themselves, so that one that is forgotten
 * leaves the line at once.
 */
class Line {
  first: Dated | undefined
  last: Dated | undefined
  size = 0

  add(state: Dated, at: unknown): void {
    state.line = this
    state.at = at
    state.before = this.last
    if (this.last === undefined) this.first = state
    else this.last.behind = state
    this.last = state
    this.size++
  }

  remove(state: Dated): void {
    const { before, behind } = state
    if (before === undefined) this.first = behind
    else before.behind = behind
    if (behind === undefined) this.last = before
    else behind.before = before
    // A state that is gone must not keep those alive that were its neighbours.
    state.before = undefined
    state.behind = undefined
    state.line = undefined
    this.size--
  }
}

/** Knows which keys an epoch concerns, so that an epoch costs nothing for the others. */
export class DueKeys<S extends Dated> {
  readonly #store: StateStore<unknown, S>
  readonly #notAfter: NotAfter
  readonly #queue: ExpiryQueue<Due, unknown>
  readonly #lines: readonly Line[]

  /** `lines`: how many kinds of dues there are that grow about as time does, each for itself. */
  constructor(store: StateStore<unknown, S>, time: TimestampAlgebra<unknown>, lines = 1) {
    this.#store = store
    this.#lines = Array.from({ length: lines }, () => new Line())
    this.#notAfter = notAfterOf(time)
    this.#queue = new ExpiryQueue(time)
  }

  /** Entries of keys, for tests. */
  get queued(): number {
    return this.#lines.reduce((sum, { size }) => sum + size, this.#queue.size)
  }

  /** The state is to be looked at when the frontier comes to `at`, if not earlier. */
  watch(key: unknown, state: S, at: unknown): void {
    const later = state.due
    if (later !== undefined && this.#notAfter(later.at, at)) return
    state.key = key
    state.due = { state, at, later }
    this.#queue.push(at, state.due)
  }

  /**
   * The state is to be looked at some time after the frontier has come to `at`: when those that came before it into the same line have been.
   * For dues that grow about as time does, of which this costs less.
   */
  watchInLine(key: unknown, state: S, at: unknown, line = 0): void {
    if (state.line !== undefined) return
    state.key = key
    ;(this.#lines[line] as Line).add(state, at)
  }

  /** The next state that is due with `epoch`, those that are due exactly by their times. Who takes it watches it again, or forgets the key. */
  take(epoch: unknown): S | undefined {
    for (;;) {
      const due = this.#queue.popDue(epoch)
      if (due === undefined) break
      const state = due.state as S
      state.due = due.later
      if (cellOf(this.#store, state) !== undefined) return state
    }
    for (const line of this.#lines) {
      const state = this.#takeFromLine(line, epoch)
      if (state !== undefined) return state
    }
    return undefined
  }

  forget(key: unknown, state: S): void {
    state.line?.remove(state)
    this.#store.remove((state.cell as Cell<unknown, S> | undefined) ?? this.#store.cell(key))
  }

  #takeFromLine(line: Line, epoch: unknown): S | undefined {
    while (line.first !== undefined) {
      const first = line.first as S
      const isDue = this.#notAfter(first.at, epoch)
      // One that is far ahead of its time must not hold up those behind it.
      if (!isDue && this.#notAfter(first.at, (line.last as S).at)) return undefined
      line.remove(first)
      if (!isDue) this.watch(first.key, first, first.at)
      else if (cellOf(this.#store, first) !== undefined) return first
    }
    return undefined
  }
}
