import { numberTime, type OperatorContext, type OperatorWait, type Receiver, type TimestampAlgebra } from '@malstrom/core'
import type { OnError } from '../error-policy/on-error.ts'
import { FAILED, RecordPolicy, withPolicy } from '../error-policy/record-policy.ts'
import { stateWithin } from '../keyed/state-within.ts'
import type { OperatorDefinition } from '../stream/definition.ts'
import { isEnd } from '../time/late-records.ts'
import { leastOf } from '../time/least-of.ts'
import { AssignedWindows } from './assigned-windows.ts'
import { FailedWindows, type WindowFailed } from './failed-windows.ts'
import { type KeySlices, packSlices, unpackSlices } from './key-slices.ts'
import { type KeyWindows, packWindows, unpackWindows } from './key-windows.ts'
import { afterOf } from './processing-time.ts'
import { SlicedWindows } from './sliced-windows.ts'
import type { Trigger } from './trigger.ts'
import type { Window, WindowAssigner } from './window.ts'
import type { WindowFunctions } from './window-functions.ts'

const clockTime = numberTime as TimestampAlgebra<unknown>

/** The accumulator of a window, and the largest timestamp of the records in it. */
interface Stamped {
  accumulator: unknown
  latest: unknown
}

/** What a worker must remember: how far its clock has come, and the last epoch. */
interface SavedProgress {
  readonly moment: unknown
  readonly frontier: unknown
}

export interface ProcessingFiring {
  /** Whether the windows are kept as slices; then they have no trigger. */
  readonly sliced: boolean
  readonly trigger: Trigger<unknown, unknown> | undefined
  readonly discarding: boolean
}

/**
 * Windows of processing time. They are the windows of event time over another time: that of the clock, whose
 * epochs the worker makes by itself.
 */
export function processingWindows(
  kind: string,
  assigner: WindowAssigner<unknown>,
  functions: WindowFunctions,
  time: TimestampAlgebra<unknown>,
  firing: ProcessingFiring,
  onError: OnError,
): OperatorDefinition {
  const after = afterOf(time)
  const { version, migrate } = functions
  const saved = {
    version,
    migrate:
      migrate &&
      ((stamped: unknown, savedVersion: number): Stamped => {
        const { accumulator, latest } = stamped as Stamped
        return { accumulator: migrate(accumulator, savedVersion), latest }
      }),
  }
  return withPolicy(onError, {
    kind,
    state: firing.sliced
      ? stateWithin<KeySlices>(saved, packSlices, unpackSlices)
      : stateWithin<KeyWindows>(saved, packWindows, (data, of) => unpackWindows(data, of, (window) => assigner.lastOf(window))),
    open(context) {
      const policy = new RecordPolicy(onError, context)
      const failures = new FailedWindows(policy)
      const windows = new ProcessingWindowsOfWorker({ context, time, assigner, functions, after, firing, failed: failures.failed })
      return {
        snapshot: () => windows.snapshot(),
        restore: (progress) => windows.restore(progress as readonly SavedProgress[]),
        explain: () => windows.explain(),
        arrived: (key, state) => windows.watch(key, state),
        wake: (code) => `${code.bind('windows', windows)}.wake()`,
        record(code, record) {
          const { value, key, timestamp } = record
          const name = code.bind('windows', windows)
          code.setup(`${name}.send = ${code.emitter()}`)
          if (onError === 'deadLetter') code.setup(`${code.bind('failures', failures)}.send = ${code.emitter(policy.deadLetters)}`)
          return policy.lines(code, record, `${name}.attempt(${value}, ${key}, ${timestamp})`, `${name}.settle(${value}, ${key})`)
        },
        epoch: (code, epoch) => `${code.bind('windows', windows)}.receive(${epoch})\n${policy.epochLines(code, epoch)}`,
        interpret(next: Receiver, deadLetters?: Receiver) {
          windows.send = (value, key, timestamp) => next.data(value, key, timestamp)
          failures.send = (letter, key, timestamp) => deadLetters?.data(letter, key, timestamp)
          const attempt = policy.guarded((value, key, timestamp) => windows.attempt(value, key, timestamp), deadLetters)
          const advance = policy.epochs(next, deadLetters)
          return {
            data: (value, key, timestamp) => {
              if (attempt(value, key, timestamp) !== FAILED) windows.settle(value, key)
            },
            epoch: (epoch) => {
              windows.receive(epoch)
              advance(epoch)
            },
            wake: () => windows.wake(),
          }
        },
      }
    },
  })
}

interface ProcessingWindowsOptions {
  readonly context: OperatorContext
  readonly time: TimestampAlgebra<unknown>
  readonly assigner: WindowAssigner<unknown>
  readonly functions: WindowFunctions
  readonly after: (timestamp: unknown) => unknown
  readonly firing: ProcessingFiring
  readonly failed: WindowFailed | undefined
}

/** The open windows of the keys on one worker. */
class ProcessingWindowsOfWorker {
  send: (value: unknown, key: unknown, timestamp: unknown) => void = () => {}
  readonly #options: ProcessingWindowsOptions
  readonly #sliced: SlicedWindows | undefined
  readonly #assigned: AssignedWindows | undefined
  readonly #windows: SlicedWindows | AssignedWindows
  /** The last epoch that has passed. */
  #frontier: unknown
  /** When the next wake-up was asked for. */
  #wakeAt = Number.POSITIVE_INFINITY
  /** The timestamp of the record that is being added, by the stream's own time. */
  #timestamp: unknown
  /** The largest timestamp in the window that is being fired. */
  #latest: unknown

  constructor(options: ProcessingWindowsOptions) {
    this.#options = options
    const { context, assigner, firing, failed } = options
    const functions = this.#stamped(options.functions)
    if (firing.sliced) this.#sliced = new SlicedWindows(context, clockTime, assigner, functions)
    else this.#assigned = new AssignedWindows(context, clockTime, assigner, functions, { ...firing, lateness: undefined })
    this.#windows = (this.#sliced ?? this.#assigned) as SlicedWindows | AssignedWindows
    this.#windows.send = (value, key) => this.send(value, key, this.#resultTime())
    if (failed !== undefined) {
      this.#windows.failed = (error, stamped, window, key) =>
        failed(error, (stamped as Stamped).accumulator, window, key, this.#resultTime())
    }
    this.#askForWake()
  }

  /** Adds a record to the windows of this moment. If a function throws, they stay as they were, as far as failures are treated. */
  attempt(value: unknown, key: unknown, timestamp: unknown): void {
    this.#timestamp = timestamp
    const moment = this.#moment()
    if (this.#sliced === undefined) this.#assigned?.attempt(value, key, moment)
    else if (this.#sliced.failed === undefined) this.#sliced.data(value, key, moment)
    else this.#sliced.attempt(value, key, moment)
  }

  /** What follows `attempt`. */
  settle(value: unknown, key: unknown): void {
    this.#assigned?.settle(value, key, undefined)
    if (this.#next < this.#wakeAt) this.#askForWake()
  }

  /** Fires what is complete. The moment that passes is still open for records. */
  wake(): void {
    this.#wakeAt = Number.POSITIVE_INFINITY
    const assigned = this.#assigned
    this.#windows.advance(this.#moment() - 1)
    if (assigned !== undefined && assigned.firesAt <= this.#options.context.now()) assigned.fireWaiting()
    this.#askForWake()
  }

  explain(): readonly OperatorWait[] {
    return this.#windows.explain(shown).map((wait) => {
      // Windows without an end wait for that of the stream.
      if (wait.waitsFor !== 'epoch' || !Number.isFinite(wait.until)) return wait
      return { ...wait, waitsFor: 'time', until: (wait.until as number) + 1 }
    })
  }

  /** An epoch is about to be passed on. */
  receive(epoch: unknown): void {
    if (isEnd(this.#options.time, epoch)) {
      const moment = this.#windows.frontier
      this.#windows.advance(clockTime.max)
      this.#windows.frontier = moment
    }
    this.#frontier = epoch
  }

  watch(key: unknown, state: unknown): void {
    this.#windows.watch(key, state as never)
    this.#askForWake()
  }

  snapshot(): SavedProgress {
    return { moment: this.#windows.frontier, frontier: this.#frontier }
  }

  restore(progress: readonly SavedProgress[]): void {
    this.#windows.restore(progress.map(({ moment }) => moment))
    this.#frontier = leastOf(
      this.#options.time,
      progress.map(({ frontier }) => frontier),
    )
  }

  /** Processing time in whole milliseconds, which here does not go back behind windows that have fired. */
  #moment(): number {
    const now = Math.floor(this.#options.context.now())
    const { frontier } = this.#windows
    return frontier === undefined ? now : Math.max(now, (frontier as number) + 1)
  }

  /** When a window is over or fires: when the clock has passed its last millisecond, or a trigger rings. */
  get #next(): number {
    return Math.min((this.#windows.next as number) + 1, this.#assigned?.firesAt ?? Number.POSITIVE_INFINITY)
  }

  #askForWake(): void {
    this.#wakeAt = this.#next
    if (Number.isFinite(this.#wakeAt)) this.#options.context.wakeAt(this.#wakeAt)
  }

  /** The timestamp of the result of the window that is being fired. */
  #resultTime(): unknown {
    const { time, after } = this.#options
    const latest = this.#latest
    const isPassed = this.#frontier !== undefined && time.compare(latest, this.#frontier) <= 0
    return isPassed ? after(this.#frontier) : latest
  }

  /** The functions of the user, for accumulators that know the largest timestamp. */
  #stamped(functions: WindowFunctions): WindowFunctions {
    const { time, failed } = this.#options
    const { init, add, merge, emit } = functions
    const later = (a: unknown, b: unknown) => (time.compare(a, b) < 0 ? b : a)
    return {
      ...functions,
      init: (key): Stamped => ({ accumulator: init(key), latest: undefined }),
      add: (data, value, key) => {
        // Where a function may fail for another window of the record, what was before it must stay.
        const stamped = failed === undefined ? (data as Stamped) : { ...(data as Stamped) }
        const timestamp = this.#timestamp
        stamped.accumulator = add(stamped.accumulator, value, key, timestamp)
        stamped.latest = stamped.latest === undefined ? timestamp : later(stamped.latest, timestamp)
        return stamped
      },
      merge:
        merge &&
        ((first, second): Stamped => {
          const a = first as Stamped
          const b = second as Stamped
          return { accumulator: merge(a.accumulator, b.accumulator), latest: later(a.latest, b.latest) }
        }),
      emit: (data, window, key) => {
        const { accumulator, latest } = data as Stamped
        this.#latest = latest
        return emit === undefined ? accumulator : emit(accumulator, window, key)
      },
    }
  }
}

/** A window with times that people read. */
function shown({ start, end }: Window<unknown>): Window<unknown> {
  const dateOf = (ms: unknown) => (Number.isFinite(ms) ? new Date(ms as number) : ms)
  return { start: dateOf(start), end: dateOf(end) }
}
