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
   * What the operator must remember besides its states per key, such as its frontier. Called between
   * two frames.
   */
  snapshot?(): unknown
  /**
   * Goes on from what `snapshot()` returned on each of the workers there were, which need not be as many
   * as there are now. Called before the first record.
   */
  restore?(saved: readonly unknown[]): void
  /**
   * The state of a key has come from another worker, which had it until now. Needed where the operator
   * keeps more about its keys than their states.
   */
  arrived?(key: unknown, state: unknown): void
  /** The same work without generated code. An output that nobody reads has a receiver that drops. */
  interpret(...outputs: Receiver[]): Receiver
}

/** The names of the variables that hold one record in generated code. */
export interface RecordNames {
  readonly value: string
  readonly key: string
  readonly timestamp: string
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
  /** Declares a variable that holds something of the current record and returns its name. */
  local(hint: string): string
  /** Lines that pass a record to the readers of `output`. */
  emit(record: RecordNames, output?: number): string
  /**
   * A line after which errors count as the operator's own again. Needed after `emit` where lines of
   * the operator follow that call functions, as in a loop; nowhere else, because it costs time.
   */
  resume(): string
  /** The name of a function `(value, key, timestamp)` that passes a record to the readers of `output`. */
  emitter(output?: number): string
  /** Lines that pass an epoch to the readers of `output`. */
  advance(epoch: string, output?: number): string
  /** An expression that is true if timestamp `a` is not after timestamp `b`. */
  notAfter(time: TimestampAlgebra<unknown>, a: string, b: string): string
  /** An expression that is true unless `t` is a timestamp of `time`. */
  noTimestamp(time: TimestampAlgebra<unknown>, t: string): string
}

/** The interpreted form of whatever reads an output. */
export interface Receiver {
  data(value: unknown, key: unknown, timestamp: unknown): void
  epoch(epoch: unknown): void
  tick?(): void
}

/** What the runtime gives to an operator that it opens on a worker. */
export interface OperatorContext {
  readonly workerId: WorkerId
  readonly operatorId: OperatorId
  readonly operatorName: string
  /** The operator's keyed state on this worker. */
  keyedState<K, S>(): StateStore<K, S>
  /** Counts records that are behind the frontier, for `Execution.status()`. */
  readonly counters: OperatorCounters
}

export interface OperatorCounters {
  late: number
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
  remove(cell: Cell<K, S>): void
}
