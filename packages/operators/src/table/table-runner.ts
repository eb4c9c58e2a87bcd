import type { OperatorWait, StateStore, TimestampAlgebra } from '@malstrom/core'
import { ExpiryQueue } from '../keyed/expiry-queue.ts'
import { KeptBack, keysText } from '../time/kept-back.ts'
import { leastOf } from '../time/least-of.ts'
import type { Change } from './change.ts'

/**
 * What a table operator does with the changes of one key. All changes with one timestamp are one step: after the
 * last of them, `settle` tells what has become different. `A` is made of what can be saved.
 */
export interface TableSteps<A> {
  /** What is kept of a row until its timestamp is complete, and to take it away again. Calls the user's functions. */
  itemOf(value: unknown, key: unknown, timestamp: unknown): unknown
  init(): A
  /** Rows come before rows that go; `false` if a row goes that is not there. */
  apply(table: A, item: unknown, diff: number): boolean
  /** Emits what has changed since the last time. */
  settle(table: A, emit: (value: unknown, diff: 1 | -1) => void, key: unknown): void
  /** What is sent for something emitted. @default a `Change` */
  outputOf?(value: unknown, key: unknown): unknown
  /** Whether the key can be forgotten. */
  isEmpty(table: A): boolean
  /** The item that `settle` wants to have applied at a later timestamp. */
  laterOf?(table: A, timestamp: unknown): { readonly timestamp: unknown; readonly item: unknown } | undefined
}

interface Pending {
  readonly timestamp: unknown
  readonly item: unknown
  readonly diff: number
}

/** The state of a key: changes whose timestamps may get more of them, in the order of time, and what the others have made. */
export interface KeyTable<A> {
  readonly pending: Pending[]
  readonly table: A
}

interface Due {
  readonly key: unknown
  readonly state: KeyTable<unknown>
  readonly at: unknown
}

/**
 * Runs the steps of a table operator when the frontier passes: timestamp by timestamp, and what is emitted carries
 * the timestamp of the changes that caused it. So the output is a function of the input alone and not of when epochs
 * come, and what several of these operators tell of one timestamp belongs together (internal consistency).
 */
export class TableRunner {
  send: (value: unknown, key: unknown, timestamp: unknown) => void = () => {}
  /** Called when a row is taken away that is not there. */
  readonly #refuse: (key: unknown, timestamp: unknown) => never
  readonly #store: StateStore<unknown, KeyTable<unknown>>
  readonly #time: TimestampAlgebra<unknown>
  readonly #steps: TableSteps<unknown>
  /** For each key the first timestamp that it has changes of; entries that are overtaken stay until they are due. */
  readonly #queue: ExpiryQueue<Due, unknown>
  /** The last epoch that has passed. */
  frontier: unknown
  #key: unknown
  #timestamp: unknown
  readonly #emit = (value: unknown, diff: 1 | -1) => {
    const { outputOf } = this.#steps
    const change: Change<unknown> = { value, diff }
    this.send(outputOf === undefined ? change : outputOf(value, this.#key), this.#key, this.#timestamp)
  }

  constructor(
    store: StateStore<unknown, KeyTable<unknown>>,
    time: TimestampAlgebra<unknown>,
    steps: TableSteps<unknown>,
    refuse: (key: unknown, timestamp: unknown) => never,
  ) {
    this.#store = store
    this.#time = time
    this.#steps = steps
    this.#refuse = refuse
    this.#queue = new ExpiryQueue(time)
    for (const [key, state] of store) this.arrived(key, state)
  }

  arrived(key: unknown, state: KeyTable<unknown>): void {
    const first = state.pending[0]
    if (first !== undefined) this.#queue.push(first.timestamp, { key, state, at: first.timestamp })
  }

  /** What is kept of a row; the only step that calls the user's functions. */
  itemOf(value: unknown, key: unknown, timestamp: unknown): unknown {
    return this.#steps.itemOf(value, key, timestamp)
  }

  /** Goes on from the last epochs on each of several workers. */
  restore(saved: readonly unknown[]): void {
    this.frontier = leastOf(this.#time, saved)
  }

  /** Whether nobody has waited for a change, because its source was idle. */
  isLate(timestamp: unknown): boolean {
    return this.frontier !== undefined && timestamp !== undefined && this.#time.compare(timestamp, this.frontier) <= 0
  }

  add(item: unknown, diff: number, key: unknown, timestamp: unknown): void {
    const cell = this.#store.cell(key)
    let state = cell.state
    if (state === undefined) {
      state = { pending: [], table: this.#steps.init() }
      cell.state = state
    }
    this.#insert(cell.key, state, { timestamp, item, diff })
  }

  /** Everything at or before `epoch` has come. */
  advance(epoch: unknown): void {
    if (this.isLate(this.#queue.earliest)) this.#delay(epoch)
    for (;;) {
      const due = this.#queue.popDue(epoch)
      if (due === undefined) break
      const { key, state, at } = due
      // The key may have been forgotten or moved since; it may also have been due twice at this time.
      if (this.#store.get(key) !== state) continue
      const first = state.pending[0]
      if (first === undefined || this.#time.compare(first.timestamp, at) !== 0) continue
      this.#settle(key, state, first.timestamp)
    }
    this.frontier = epoch
  }

  /**
   * A table without a change that came late would be wrong for ever, and nothing may be told of what is behind the frontier: all such
   * changes count from the first moment on at which something else changes here, or from the epoch on.
   */
  #delay(epoch: unknown): void {
    const time = this.#time
    const behind: { readonly key: unknown; readonly state: KeyTable<unknown>; readonly count: number }[] = []
    let moment = epoch
    const notLaterThan = (timestamp: unknown) => {
      if (timestamp !== undefined && time.compare(timestamp, moment) < 0) moment = timestamp
    }
    for (let due = this.#queue.popDue(this.frontier); due !== undefined; due = this.#queue.popDue(this.frontier)) {
      const { key, state } = due
      const { pending } = state
      if (this.#store.get(key) !== state || !this.isLate(pending[0]?.timestamp)) continue
      let count = 1
      while (count < pending.length && this.isLate(pending[count]?.timestamp)) count++
      // Changes of a key keep their order.
      notLaterThan(pending[count]?.timestamp)
      behind.push({ key, state, count })
    }
    notLaterThan(this.#queue.earliest)
    for (const { key, state, count } of behind) {
      for (let index = 0; index < count; index++) state.pending[index] = { ...(state.pending[index] as Pending), timestamp: moment }
      this.#queue.push(moment, { key, state, at: moment })
    }
  }

  /** Changes whose answers wait until their timestamps are complete, and rows that an epoch takes away. */
  explain(): readonly OperatorWait[] {
    const changes = new KeptBack(this.#time)
    const rows = new KeptBack(this.#time)
    let keys = 0
    for (const [, { pending }] of this.#store) {
      if (pending.some(({ diff }) => diff !== 0)) keys++
      for (const { timestamp, diff } of pending) if (diff !== 0) changes.add(timestamp)
      // Those in front of it belong to rows that others have replaced.
      const expiry = pending.findLast(({ diff }) => diff === 0)
      if (expiry !== undefined) rows.add(expiry.timestamp)
    }
    return [changes.wait(`changes of ${keysText(keys)}`), rows.wait('rows with a ttl')]
  }

  #insert(key: unknown, state: KeyTable<unknown>, change: Pending): void {
    const { pending } = state
    let place = pending.length
    while (place > 0 && this.#time.compare((pending[place - 1] as Pending).timestamp, change.timestamp) > 0) place--
    const isNext = place === 0
    if (place === pending.length) pending.push(change)
    else pending.splice(place, 0, change)
    if (isNext) this.#queue.push(change.timestamp, { key, state, at: change.timestamp })
  }

  #settle(key: unknown, state: KeyTable<unknown>, timestamp: unknown): void {
    const { pending, table } = state
    const steps = this.#steps
    let count = 1
    while (count < pending.length && this.#time.compare((pending[count] as Pending).timestamp, timestamp) === 0) count++
    for (let index = 0; index < count; index++) this.#apply(pending[index] as Pending, table, key, true)
    for (let index = 0; index < count; index++) this.#apply(pending[index] as Pending, table, key, false)
    removeFirst(pending, count)
    this.#key = key
    this.#timestamp = timestamp
    steps.settle(table, this.#emit, key)
    const later = steps.laterOf?.(table, timestamp)
    const next = pending[0]
    if (next !== undefined) this.#queue.push(next.timestamp, { key, state, at: next.timestamp })
    if (later !== undefined) this.#insert(key, state, { ...later, diff: 0 })
    else if (next === undefined && steps.isEmpty(table)) this.#store.delete(key)
  }

  #apply({ item, diff, timestamp }: Pending, table: unknown, key: unknown, coming: boolean): void {
    if (diff >= 0 === coming && !this.#steps.apply(table, item, diff)) this.#refuse(key, timestamp)
  }
}

/** Most changes are alone, or all that a key has: neither makes an array of what goes. */
function removeFirst(pending: Pending[], count: number): void {
  if (count === pending.length) pending.length = 0
  else if (count === 1) pending.shift()
  else pending.splice(0, count)
}
