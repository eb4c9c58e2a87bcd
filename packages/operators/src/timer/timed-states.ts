import {
  isTimestamp,
  type KeyedState,
  MalstromError,
  numberTime,
  type OperatorContext,
  type OperatorWait,
  type StateDefinition,
  type StateStore,
  type Timers,
  type TimestampAlgebra,
} from '@malstrom/core'
import { ExpiryQueue } from '../keyed/expiry-queue.ts'
import { stateWithin } from '../keyed/state-within.ts'
import type { GuardedOutput } from '../time/guarded-output.ts'
import { KeptBack, keysText } from '../time/kept-back.ts'

/** What all keys without timers have in common. */
const NONE: readonly never[] = []

/** The state of a key, and when its timers are due. */
export class TimedState {
  /** Set as soon as the state is where it belongs. */
  key: unknown
  state: unknown
  /** Replaced whenever it changes: one timer is most that keys have, and an array that grows has room for seventeen. */
  times: readonly unknown[]
  /** Those of processing time, in milliseconds since 1970. */
  timesMs: readonly number[]

  constructor(key: unknown, state: unknown, times: readonly unknown[] = NONE, timesMs: readonly number[] = NONE) {
    this.key = key
    this.state = state
    this.times = times
    this.timesMs = timesMs
  }
}

interface PackedState {
  readonly state: unknown
  readonly times: readonly unknown[]
  /** Absent if there are none. */
  readonly timesMs?: readonly number[]
}

/** How states with timers are saved; `definition` is what the logic says of the states alone. */
export function timedStateDefinition(definition: StateDefinition): StateDefinition {
  return stateWithin<TimedState>(
    definition,
    ({ state, times, timesMs }, written): PackedState => {
      const packed = { state: written(state), times: [...times] }
      return timesMs.length === 0 ? packed : { ...packed, timesMs: [...timesMs] }
    },
    (data, innerOf) => {
      const { state, times, timesMs = [] } = data as PackedState
      return new TimedState(undefined, innerOf(state), [...times], timesMs)
    },
  )
}

export interface KeyTimersOptions {
  readonly store: StateStore<unknown, TimedState>
  readonly time: TimestampAlgebra<unknown>
  readonly context: OperatorContext
  readonly output: GuardedOutput
  /** The callbacks that the logic has: timers without one are refused. */
  readonly logic: { readonly onTimer?: unknown; readonly onProcessingTimer?: unknown }
}

/** The timers of all keys on one worker; those of one key at a time are open to the logic. */
export class KeyTimers implements Timers<unknown> {
  readonly #store: StateStore<unknown, TimedState>
  readonly #time: TimestampAlgebra<unknown>
  readonly #options: KeyTimersOptions
  readonly #queue: ExpiryQueue<TimedState, unknown>
  readonly #queueMs = new ExpiryQueue<TimedState, number>(numberTime)
  #current: TimedState | undefined
  /** No timer can be set at or before this. */
  #passed: unknown
  #atEnd = false

  constructor(options: KeyTimersOptions) {
    this.#options = options
    this.#store = options.store
    this.#time = options.time
    this.#queue = new ExpiryQueue(options.time)
  }

  /** The state of a key is here, with its timers. */
  watch(key: unknown, timed: TimedState): void {
    timed.key = key
    for (const time of timed.times) this.#queue.push(time, timed)
    for (const ms of timed.timesMs) this.#pushMs(timed, ms)
  }

  /** What is set from now on belongs to this key. */
  open(timed: TimedState): void {
    this.#current = timed
  }

  /** The frontier when the job was restored. */
  restore(frontier: unknown): void {
    if (frontier !== undefined) this.#passed = frontier
  }

  at(time: unknown): void {
    const timed = this.#open('onTimer')
    if (!isTimestamp(this.#time, time)) {
      throw new MalstromError('ERR_TIMESTAMP_INVALID', `A timer was set at ${String(time)}, which is no timestamp: it would never fire.`)
    }
    if (this.#atEnd) return
    if (this.#passed !== undefined && this.#time.compare(time, this.#passed) <= 0) {
      throw new MalstromError(
        'ERR_TIMESTAMP_INVALID',
        `A timer was set at ${String(time)}, which is in the past: time has come to ${String(this.#passed)}. Set timers after the frontier, and do at once what is due already.`,
      )
    }
    if (this.#indexOf(timed, time) >= 0) return
    timed.times = timed.times.length === 0 ? [time] : [...timed.times, time]
    this.#queue.push(time, timed)
  }

  cancel(time: unknown): boolean {
    const timed = this.#open('onTimer')
    const index = this.#indexOf(timed, time)
    if (index >= 0) timed.times = withoutIndex(timed.times, index)
    return index >= 0
  }

  atMs(ms: number): void {
    const timed = this.#open('onProcessingTimer')
    if (!Number.isFinite(ms)) {
      throw new MalstromError(
        'ERR_TIMESTAMP_INVALID',
        `A timer was set at ${String(ms)} of processing time, which never comes. Give milliseconds since 1970, for example timers.now() + 1_000.`,
      )
    }
    if (this.#atEnd || timed.timesMs.includes(ms)) return
    timed.timesMs = [...timed.timesMs, ms]
    this.#pushMs(timed, ms)
  }

  cancelMs(ms: number): boolean {
    return without(this.#open('onProcessingTimer'), ms)
  }

  now(): number {
    return this.#options.context.now()
  }

  frontier(): unknown {
    return this.#options.output.frontier
  }

  /**
   * Calls `fire` for every timer of processing time that is due, in the order of their times. One that is set
   * meanwhile, even in the past, has its turn after the records that wait.
   */
  wake(fire: (timed: TimedState, ms: number) => void): void {
    if (this.#atEnd) return
    const now = this.now()
    const dues: [timed: TimedState, ms: number][] = []
    for (let timed = this.#queueMs.popDue(now); timed !== undefined; timed = this.#queueMs.popDue(now)) {
      dues.push([timed, this.#queueMs.poppedDue])
    }
    for (const [timed, ms] of dues) {
      if (this.#store.get(timed.key) === timed && without(timed, ms)) fire(timed, ms)
    }
    const next = this.#queueMs.earliest
    if (next !== undefined) this.#options.context.wakeAt(next)
  }

  #pushMs(timed: TimedState, ms: number): void {
    // Saved by an older version of the logic.
    if (this.#options.logic.onProcessingTimer === undefined) return
    this.#queueMs.push(ms, timed)
    if (this.#queueMs.earliest === ms) this.#options.context.wakeAt(ms)
  }

  /** Calls `fire` for every timer that is due at `epoch`, in the order of their times. */
  advance(epoch: unknown, fire: (timed: TimedState, time: unknown) => void): void {
    this.#atEnd = this.#time.compare(epoch, this.#time.max) >= 0
    for (let timed = this.#queue.popDue(epoch); timed !== undefined; timed = this.#queue.popDue(epoch)) {
      const time = this.#queue.poppedDue
      const index = this.#indexOf(timed, time)
      // It was taken back, or its key was forgotten or has moved to another worker.
      if (index < 0 || this.#store.get(timed.key) !== timed) continue
      timed.times = withoutIndex(timed.times, index)
      this.#passed = time
      fire(timed, time)
    }
    this.#passed = epoch
  }

  explain(): readonly OperatorWait[] {
    const timers = new KeptBack(this.#time)
    let keys = 0
    for (const [, { times }] of this.#store) {
      if (times.length > 0) keys++
      for (const time of times) timers.add(time)
    }
    return [timers.wait(`timers of ${keysText(keys)}`)]
  }

  #indexOf({ times }: TimedState, time: unknown): number {
    for (let i = 0; i < times.length; i++) if (this.#time.compare(times[i], time) === 0) return i
    return -1
  }

  #open(callback: 'onTimer' | 'onProcessingTimer'): TimedState {
    if (this.#options.logic[callback] === undefined) {
      const kind = callback === 'onTimer' ? 'event time' : 'processing time'
      throw new MalstromError('ERR_OPERATOR_ARGUMENT', `timers of ${kind} need the method ${callback} in the same logic.`)
    }
    if (this.#current !== undefined) return this.#current
    throw new MalstromError(
      'ERR_OPERATOR_ARGUMENT',
      'timers belong to a key: set them in onData, onTimer or onProcessingTimer, before these return.',
    )
  }

  /** The call in which timers could be set is over. */
  close(): void {
    this.#current = undefined
  }
}

function withoutIndex(times: readonly unknown[], index: number): readonly unknown[] {
  return times.length === 1 ? NONE : times.filter((_, i) => i !== index)
}

/** Takes away a timer of processing time; returns whether it was there. */
function without(timed: TimedState, ms: number): boolean {
  const { timesMs } = timed
  if (!timesMs.includes(ms)) return false
  timed.timesMs = timesMs.filter((other) => other !== ms)
  return true
}

/** The states as logic sees them, without their timers. A key that is set has none; one that is deleted loses them. */
export class BareStates implements KeyedState<unknown, unknown> {
  readonly #store: StateStore<unknown, TimedState>

  constructor(store: StateStore<unknown, TimedState>) {
    this.#store = store
  }

  get size(): number {
    return this.#store.size
  }

  get(key: unknown): unknown {
    return this.#store.get(key)?.state
  }

  set(key: unknown, state: unknown): void {
    const timed = this.#store.get(key)
    if (timed === undefined) this.#store.set(key, new TimedState(key, state))
    else timed.state = state
  }

  delete(key: unknown): boolean {
    return this.#store.delete(key)
  }

  *[Symbol.iterator](): Iterator<[key: unknown, state: unknown]> {
    for (const [key, { state }] of this.#store) yield [key, state]
  }
}
