import type { OperatorWait } from './explanation.ts'
import type { OperatorId, WorkerId } from './identity.ts'
import type { KeyedState } from './operator.ts'
import type { TimestampAlgebra } from './timestamp.ts'

/**
 * What an operator contributes to a task. A task fuses a chain of operators into one generated
 * function, so each operator says what its lines are (`record`, `epoch`); where code generation is
 * forbidden, the same work is done by objects that call each other (`interpret`). Both must do the
 * same, which a property test on random graphs checks.
 */
export interface FusedOperator {
  /** Lines that treat one record. Use `code.emit` at most once for each output. */
  record(code: TaskCode, record: RecordNames): string
  /** Lines that treat an epoch; by default it is passed on to every output. */
  epoch?(code: TaskCode, epoch: string): string
  /** Lines that run every `tickMs` milliseconds of processing time, between two frames. */
  tick?(code: TaskCode): string
  readonly tickMs?: number
  /**
   * Lines that run between two frames when the operator has asked for it with `wakeAt` or `wake` of its
   * context. Until then they cost nothing. They run also while the operator holds its task.
   */
  wake?(code: TaskCode): string
  /**
   * While true, the task has not ended, although its input has, and is not idle: results and the last
   * epoch still come from `wake`. Asked between two frames; only of operators that have `wake`.
   */
  pending?(): boolean
  /**
   * While true, a rescale waits before this operator: it has something under way that cannot move to
   * another worker. Must come to an end without further records. Only of operators that have `wake`.
   */
  inFlight?(): boolean
  /** The worker ends, for whatever reason: nothing of the operator is called any more. */
  close?(): void
  /**
   * What the operator must remember besides its states per key, such as its frontier. Called between
   * two frames.
   */
  snapshot?(): unknown
  /**
   * Goes on from what `snapshot()` returned on each of the workers there were, which need not be as many
   * as there are now: each of those there are now is given all of it, and `share` says what is its own.
   * Called before the first record.
   */
  restore?(saved: readonly unknown[], share: RestoreShare): void
  /**
   * What `snapshot()` returns is equal on all workers, as far as barriers have come. A worker that is new after a
   * rescale then takes no record before it has this, from any of the others; `restore` is given that alone.
   */
  readonly replicated?: boolean
  /**
   * The state of a key has come from another worker, which had it until now. Needed where the operator
   * keeps more about its keys than their states.
   */
  arrived?(key: unknown, state: unknown): void
  /**
   * What it keeps back on this worker, for `Execution.explain()`; nothing if `count` is 0. Called between two frames, and seldom: it may
   * look through all states of the operator.
   */
  explain?(): readonly OperatorWait[]
  /** The same work without generated code. An output that nobody reads has a receiver that drops. */
  interpret(...outputs: Receiver[]): Receiver
}

/** The names of the variables that hold one record in generated code. */
export interface RecordNames {
  readonly value: string
  readonly key: string
  readonly timestamp: string
  /** Which of the streams it joins a record came from, on an operator with `OperatorNode.sides`. */
  readonly side?: string
}

/**
 * The generated function of a task while it is being written. Generated code consists of the lines
 * of operators and of names; user data never becomes code.
 */
export interface TaskCode {
  /** Makes `value` visible to the generated code and returns its name: the same name for the same value. */
  bind(hint: string, value: unknown): string
  /** A line that adds 1 to `target`; in a loop the sum is kept in a variable and added at its end. */
  count(target: string): string
  /** Adds lines that run once, before the first record. */
  setup(lines: string): void
  /**
   * Declares a variable of the function being written and returns its name. It holds something of the current record or, with `initial`,
   * has the value of that expression when the function begins: before the first record of a frame, in the loop over its records.
   */
  local(hint: string, initial?: string): string
  /** Lines that pass a record to the readers of `output`. */
  emit(record: RecordNames, output?: number): string
  /**
   * A line after which errors count as the operator's own again. Needed after `emit` where lines of
   * the operator follow that call functions, as in a loop; nowhere else, because it costs time.
   */
  resume(): string
  /**
   * The name of a function `(value, key, timestamp)` that passes a record to the readers of `output`. With `timestamp`, an expression that has
   * the same value throughout the call, it is a function `(value, key)`: a number of floating point that is given to a function may become an object.
   */
  emitter(output?: number, timestamp?: string): string
  /** Lines that pass an epoch to the readers of `output`. */
  advance(epoch: string, output?: number): string
  /** An expression that is true if timestamp `a` is not after timestamp `b`. */
  notAfter(time: TimestampAlgebra<unknown>, a: string, b: string): string
  /** An expression that is true unless `t` is a timestamp of `time`. */
  noTimestamp(time: TimestampAlgebra<unknown>, t: string): string
}

/** The interpreted form of whatever reads an output. */
export interface Receiver {
  /** `side`: which of the streams it joins the record came from, on an operator with `OperatorNode.sides`. */
  data(value: unknown, key: unknown, timestamp: unknown, side?: number): void
  epoch(epoch: unknown): void
  tick?(): void
  wake?(): void
}

/**
 * How what operators have saved besides states per key is divided when a job goes on from a snapshot.
 * The workers together take everything, and nothing twice, whatever their number.
 */
export interface RestoreShare {
  /** Whether all workers had been told of the end of the stream, or would have been: no epoch comes any more. */
  readonly inputEnded: boolean
  /** Whether what was saved at `index` of `saved` is for this worker. Right where records have no keys. */
  ownsSaved(index: number): boolean
  /** Whether the records of this key come to this worker; what was saved at `index` of `saved` knew the key. */
  ownsKey(key: unknown, index: number): boolean
}

/** What the runtime gives to an operator that it opens on a worker. */
export interface OperatorContext {
  readonly workerId: WorkerId
  readonly operatorId: OperatorId
  readonly operatorName: string
  /** The operator's keyed state on this worker. */
  keyedState<K, S>(): StateStore<K, S>
  /** Counts records that do not go the usual way, for `Execution.status()`. */
  readonly counters: OperatorCounters
  /** Processing time: milliseconds since 1970. Virtual in tests and simulations. */
  now(): number
  /**
   * The `wake` lines run once between two frames, at processing time `time` (milliseconds since 1970) or
   * soon after, at once if that has passed. One request is pending per operator: asking again for an
   * earlier time moves it forward, for a later one changes nothing. After it has rung, or after `wake`,
   * the operator asks again if it needs to.
   */
  wakeAt(time: number): void
  /**
   * The `wake` lines run once as soon as possible, also on a worker that had nothing to do. May be called
   * from promise callbacks; does nothing when the worker has ended.
   */
  wake(): void
  /**
   * The task takes no further records until `release()`: back-pressure, as from a sink that is full. The
   * records of the frame that is being processed still come. Epochs and snapshot barriers pass, unless
   * they are behind records that wait in front of the task.
   */
  hold(): void
  /** Ends `hold()`. Without one, it does nothing. */
  release(): void
}

export interface OperatorCounters {
  /** Records that are behind the frontier. */
  late: number
  /** Records that were dropped because the user's function threw, with `onError: 'skip'`. */
  skipped: number
}

/** One key and its state. `state` is `undefined` in a cell that was just created. */
export interface Cell<K, S> {
  readonly key: K
  state: S | undefined
}

/** Keyed state as operators use it: one look-up per record, then reads and writes go to the cell. */
export interface StateStore<K, S> extends KeyedState<K, S> {
  /** The cell of `key`, created if the key is new. Whoever creates a cell fills or removes it before the next record. */
  cell(key: K): Cell<K, S>
  /**
   * For whoever has kept a cell: whether it is still there. If it is, its state counts as changed from now on, as after `cell(key)`. A cell
   * that was removed, or has moved to another worker, never comes back: its key gets a new one.
   */
  touch(cell: Cell<K, S>): boolean
  /** Takes a cell away, and its state out of it. */
  remove(cell: Cell<K, S>): void
}
