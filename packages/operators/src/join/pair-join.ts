import type { OperatorContext, OperatorWait, StateStore, TimestampAlgebra } from '@malstrom/core'
import { KeptBack, keysText } from '../time/kept-back.ts'
import { Dated, DueKeys } from './due-keys.ts'
import type { Interval } from './interval.ts'
import { JoinBuffer } from './join-buffer.ts'
import type { PackedColumns } from './join-columns.ts'
import { keepsLeft, keepsRight, LEFT, RIGHT } from './join-type.ts'
import { type NotAfter, notAfterOf } from './not-after.ts'

/** What a join keeps of one key: the records of both sides that may still have matches. */
export class PairState extends Dated {
  left: JoinBuffer | undefined = undefined
  right: JoinBuffer | undefined = undefined

  static pack(state: PairState): PackedPair {
    return { left: state.left?.pack(), right: state.right?.pack() }
  }

  static unpack({ left, right }: PackedPair): PairState {
    const state = new PairState()
    state.left = JoinBuffer.unpack(left)
    state.right = JoinBuffer.unpack(right)
    return state
  }
}

interface PackedPair {
  readonly left: PackedColumns | undefined
  readonly right: PackedColumns | undefined
}

/** A record without a match is given to this, with the time at which that was certain. */
type Pad = (side: number, value: unknown, key: unknown, timestamp: unknown) => void

/**
 * The work of interval and regular joins on one worker, apart from the user's function. For each record: `arrive` says
 * which records of the other side it may match, those from `index` to `end`; each is asked whether it does where
 * functions bound left records (`covers`); then the record is kept.
 *
 * Law: a record is kept until the frontier passes its last possible match. Where nothing is to be emitted then, it may
 * stay somewhat longer, so that a key is looked at once for many records.
 */
export class PairJoin {
  readonly #interval: Interval
  readonly #time: TimestampAlgebra<unknown>
  readonly #store: StateStore<unknown, PairState>
  readonly #dues: DueKeys<PairState>
  readonly #notAfter: NotAfter
  readonly #padsLeft: boolean
  readonly #padsRight: boolean
  readonly #before: (timestamp: unknown) => unknown
  readonly #distances: Interval['distances']
  /** For how long records of each side are kept, where distances of numbers say it. */
  readonly #leftKept: number
  readonly #rightKept: number
  /** The records of the other side that the last one may match: those from `index` up to but not with `end`. */
  other: JoinBuffer | undefined = undefined
  index = 0
  end = 0
  /** The bounds of the last left record. */
  #lower: unknown
  #upper: unknown

  constructor(context: OperatorContext, interval: Interval, time: TimestampAlgebra<unknown>) {
    this.#interval = interval
    this.#time = time
    this.#notAfter = notAfterOf(time)
    this.#padsLeft = keepsLeft(interval.type)
    this.#padsRight = keepsRight(interval.type)
    this.#before = (timestamp) => (time.before === undefined ? timestamp : time.before(timestamp))
    this.#distances = interval.distances
    const { lower, upper } = interval.distances ?? { lower: 0, upper: 0 }
    this.#leftKept = upper - (interval.upperInclusive ? 0 : 1)
    this.#rightKept = -lower - (interval.lowerInclusive ? 0 : 1)
    this.#store = context.keyedState()
    // Records of both sides are kept for different times.
    this.#dues = new DueKeys(this.#store, time, 2)
    for (const [key, state] of this.#store) this.watch(key, state)
  }

  arrive(state: PairState, side: number, value: unknown, timestamp: unknown): void {
    const { lowerInclusive, upperInclusive } = this.#interval
    const distances = this.#distances
    if (distances !== undefined) {
      const other = side === LEFT ? state.right : state.left
      this.other = other
      this.index = 0
      this.end = 0
      // A float that is given to a function may become an object, so none is reckoned with before it is needed.
      if (other === undefined) return
      const at = timestamp as number
      if (side === LEFT) this.#range(other, at + distances.lower, lowerInclusive, at + distances.upper, upperInclusive)
      else this.#range(other, at - distances.upper, upperInclusive, at - distances.lower, lowerInclusive)
    } else if (side === LEFT) {
      this.#lower = this.#interval.lowerOf(value, timestamp)
      this.#upper = this.#interval.upperOf(value, timestamp)
      this.#range(state.right, this.#lower, lowerInclusive, this.#upper, upperInclusive)
    } else {
      const { byLeft } = this.#interval
      const from = byLeft ? undefined : this.#interval.leftFrom(timestamp)
      const to = byLeft ? undefined : this.#interval.leftTo(timestamp)
      this.#range(state.left, from, upperInclusive, to, lowerInclusive)
    }
  }

  /** Whether the left record at `index` of the other side matches a right one at `timestamp`. */
  covers(index: number, timestamp: unknown): boolean {
    const { lowers, uppers } = this.other?.columns ?? {}
    if (lowers === undefined || uppers === undefined) return true
    const { lowerInclusive, upperInclusive } = this.#interval
    const [lower, upper] = [lowers[index], uppers[index]]
    const isAbove = lowerInclusive ? this.#notAfter(lower, timestamp) : !this.#notAfter(timestamp, lower)
    return isAbove && (upperInclusive ? this.#notAfter(timestamp, upper) : !this.#notAfter(upper, timestamp))
  }

  /** The record at `index` of the other side has found a match. */
  match(index: number): void {
    const matched = this.other?.columns?.matched
    if (matched !== undefined) matched[index] = true
  }

  /** The record that has arrived may match later ones. */
  keep(state: PairState, side: number, value: unknown, key: unknown, timestamp: unknown, matched: boolean): void {
    if (matched && this.#isDone(state, side)) {
      if (state.left === undefined && state.right === undefined) this.#dues.forget(key, state)
      return
    }
    if (side === LEFT) {
      if (state.left === undefined) {
        state.left = new JoinBuffer(value, timestamp)
        if (this.#padsLeft) state.left.toColumns().matched = [matched]
        if (this.#interval.byLeft) state.left.toColumns().setBounds(this.#lower, this.#upper)
      } else state.left.toColumns().add(value, timestamp, matched, this.#lower, this.#upper, this.#notAfter)
      const padded = this.#padsLeft && !matched
      if (padded || !this.#isWatched(state, LEFT)) this.#watch(key, state, LEFT, this.#lastMatchOfLeft(timestamp, this.#upper), padded)
    } else {
      if (state.right === undefined) {
        state.right = new JoinBuffer(value, timestamp)
        if (this.#padsRight) state.right.toColumns().matched = [matched]
      } else state.right.toColumns().add(value, timestamp, matched, undefined, undefined, this.#notAfter)
      const padded = this.#padsRight && !matched
      if (padded || !this.#isWatched(state, RIGHT)) this.#watch(key, state, RIGHT, this.#lastMatchOfRight(timestamp), padded)
    }
  }

  /** Lets go of what has found the only match it has. Returns whether the record that has arrived is such a one. */
  #isDone(state: PairState, side: number): boolean {
    const { leftOnce, rightOnce, byLeft } = this.#interval
    const { other } = this
    // Of left records with bounds of their own, those between may not have matched: the frontier takes all of them.
    if (other !== undefined && (side === LEFT ? rightOnce : leftOnce && !byLeft)) {
      if (this.end - this.index < other.count) other.toColumns().removeRange(this.index, this.end)
      else if (side === LEFT) state.right = undefined
      else state.left = undefined
    }
    return side === LEFT ? leftOnce : rightOnce
  }

  /** Takes away what has no match any more, and pads what had none. */
  expire(epoch: unknown, pad: Pad): void {
    for (let state = this.#dues.take(epoch); state !== undefined; state = this.#dues.take(epoch)) {
      const { key, left, right } = state
      if (left !== undefined && this.#expireSide(left, LEFT, key, epoch, pad)) state.left = undefined
      if (right !== undefined && this.#expireSide(right, RIGHT, key, epoch, pad)) state.right = undefined
      if (state.left === undefined && state.right === undefined) this.#dues.forget(key, state)
      else this.watch(key, state)
    }
  }

  /** Watches a state for the next time at which something of it is due. */
  watch(key: unknown, state: PairState): void {
    if (state.left !== undefined) this.#watchSide(key, state, state.left, 0)
    if (state.right !== undefined) this.#watchSide(key, state, state.right, 1)
  }

  /** The records of each side that may find a match, and until when. */
  explain(): readonly OperatorWait[] {
    return [...this.#explainSide(LEFT, 'left'), ...this.#explainSide(RIGHT, 'right')]
  }

  #explainSide(side: number, name: string): readonly OperatorWait[] {
    const kept = new KeptBack(this.#time)
    let [keys, forever, foreverKeys] = [0, 0, 0]
    for (const [, { left, right }] of this.#store) {
      const buffer = side === LEFT ? left : right
      if (buffer === undefined) continue
      const before = kept.count
      for (let i = 0; i < buffer.count; i++) {
        const lastMatch = this.#lastMatch(buffer, side, i)
        if (this.#time.compare(lastMatch, this.#time.max) < 0) kept.add(lastMatch)
        else forever++
      }
      if (kept.count > before) keys++
      if (kept.count - before < buffer.count) foreverKeys++
    }
    const what = (count: number) => `records of the ${name} stream, of ${keysText(count)}, that may have matches`
    return [kept.wait(what(keys)), { waitsFor: 'record', what: what(foreverKeys), count: forever }]
  }

  #watchSide(key: unknown, state: PairState, buffer: JoinBuffer, side: number): void {
    const { count } = buffer
    const matched = buffer.columns?.matched
    const sorted = this.#isSorted(side)
    let last: unknown
    for (let i = matched === undefined && sorted ? count - 1 : 0; i < count; i++) {
      const lastMatch = this.#lastMatch(buffer, side, i)
      if (matched?.[i] === false) {
        this.#watch(key, state, side, lastMatch, true)
        // Those behind it are due later.
        if (sorted) return
      }
      const isLater = last === undefined || this.#notAfter(last, lastMatch)
      if (isLater && this.#time.compare(lastMatch, this.#time.max) < 0) last = lastMatch
    }
    if (last !== undefined) this.#watch(key, state, side, last, false)
  }

  /** Whether a state is looked at in time for another record that needs no emission. */
  #isWatched(state: PairState, side: number): boolean {
    return this.#isSorted(side) ? state.line !== undefined : state.due !== undefined
  }

  /** Whether records of a side that are later are due later. */
  #isSorted(side: number): boolean {
    return side !== LEFT || !this.#interval.byLeft
  }

  #watch(key: unknown, state: PairState, side: number, lastMatch: unknown, padded: boolean): void {
    if (padded) this.#dues.watch(key, state, lastMatch)
    else if (this.#time.compare(lastMatch, this.#time.max) >= 0) return
    else if (this.#isSorted(side)) this.#dues.watchInLine(key, state, lastMatch, side)
    else if (state.due === undefined) this.#dues.watch(key, state, lastMatch)
  }

  /** Returns whether nothing is left. */
  #expireSide(buffer: JoinBuffer, side: number, key: unknown, epoch: unknown, pad: Pad): boolean {
    if (!this.#isSorted(side)) {
      buffer.toColumns().remove((index) => this.#expireRecord(buffer, side, index, key, epoch, pad))
      return buffer.count === 0
    }
    const { count } = buffer
    let due = 0
    if (this.#distances !== undefined && buffer.columns?.matched === undefined) {
      const kept = side === LEFT ? this.#leftKept : this.#rightKept
      while (due < count && (buffer.timeAt(due) as number) + kept <= (epoch as number)) due++
    } else while (due < count && this.#expireRecord(buffer, side, due, key, epoch, pad)) due++
    if (due === count) return true
    buffer.toColumns().removeRange(0, due)
    return false
  }

  /** Whether a record is to go; it is padded if it had no match. */
  #expireRecord(buffer: JoinBuffer, side: number, index: number, key: unknown, epoch: unknown, pad: Pad): boolean {
    const lastMatch = this.#lastMatch(buffer, side, index)
    if (!this.#notAfter(lastMatch, epoch)) return false
    if (buffer.columns?.matched?.[index] === false) {
      const timestamp = buffer.timeAt(index)
      pad(side, buffer.valueAt(index), key, this.#notAfter(lastMatch, timestamp) ? timestamp : lastMatch)
    }
    return true
  }

  #lastMatch(buffer: JoinBuffer, side: number, index: number): unknown {
    if (side !== LEFT) return this.#lastMatchOfRight(buffer.timeAt(index))
    const timestamp = buffer.timeAt(index)
    if (this.#distances !== undefined) return this.#lastMatchOfLeft(timestamp, undefined)
    const uppers = buffer.columns?.uppers
    return this.#lastMatchOfLeft(timestamp, uppers === undefined ? this.#interval.upperOf(buffer.valueAt(index), timestamp) : uppers[index])
  }

  #lastMatchOfLeft(timestamp: unknown, upper: unknown): unknown {
    if (this.#distances !== undefined) return (timestamp as number) + this.#leftKept
    if (upper === undefined) return this.#time.max
    return this.#interval.upperInclusive ? upper : this.#before(upper)
  }

  #lastMatchOfRight(timestamp: unknown): unknown {
    if (this.#distances !== undefined) return (timestamp as number) + this.#rightKept
    const last = this.#interval.leftTo(timestamp)
    if (last === undefined) return this.#time.max
    return this.#interval.lowerInclusive ? last : this.#before(last)
  }

  #range(other: JoinBuffer | undefined, from: unknown, fromInclusive: boolean, to: unknown, toInclusive: boolean): void {
    this.other = other
    this.index = 0
    this.end = 0
    if (other === undefined || other.count === 0) return
    const notAfter = this.#notAfter
    const { count } = other
    if (count === 1) {
      const at = other.timeAt(0)
      const isFrom = from === undefined || (fromInclusive ? notAfter(from, at) : !notAfter(at, from))
      if (isFrom && (to === undefined || (toInclusive ? notAfter(at, to) : !notAfter(to, at)))) this.end = 1
      return
    }
    const columns = other.toColumns()
    if (from !== undefined) this.index = fromInclusive ? columns.firstFrom(from, notAfter) : columns.firstAfter(from, notAfter)
    if (to === undefined) this.end = count
    else this.end = toInclusive ? columns.firstAfter(to, notAfter) : columns.firstFrom(to, notAfter)
  }
}
