import type { Codec } from './codec.ts'

/**
 * Where an operator writes. A timestamp at or before the last epoch that left the operator is
 * refused with `ERR_EPOCH_LAW`: that epoch promised there would be none.
 */
export interface Output<V, K, T> {
  emit(value: V, key: K, timestamp: T): void
}

/** Logic without state. `K` is `undefined` on streams without keys. */
export interface StatelessLogic<VIn, VOut, K, T> {
  onData(value: VIn, output: Output<VOut, K, T>, key: K, timestamp: T): void
  /** No record at or before `epoch` will follow. The epoch is forwarded after this returns. */
  onEpoch?(epoch: T, output: Output<VOut, K, T>): void
}

/** What an operator may say about how its states are saved. */
export interface StateOptions<S> {
  /** How states are written to snapshots and sent on rescale. Defaults to the codec of the engine. */
  readonly codec?: Codec<S>
  /** The version of what a state looks like. Raise it when that changes, and give `migrate`. @default 1 */
  readonly version?: number
  /** Makes a state of today from one that was saved with an older `version`. Called once per key when a job is restored. */
  migrate?(saved: unknown, version: number): S
}

/** Logic with one state per key. The runtime owns the states: it restores, snapshots and moves them. */
export interface StatefulLogic<K, VIn, VOut, T, S> extends StateOptions<S> {
  /** The state of a key that has none. */
  init(key: K): S
  /** Returns the state to keep, or `undefined` to forget the key, with its timers. */
  onData(value: VIn, state: S, output: Output<VOut, K, T>, key: K, timestamp: T, timers: Timers<T>): S | undefined
  /**
   * No record at or before `epoch` will follow. The epoch is forwarded after this returns, so
   * records with `timestamp <= epoch` may still be emitted here.
   */
  onEpoch?(epoch: T, states: KeyedState<K, S>, output: Output<VOut, K, T>): void
  /**
   * A timer of a key is due: called once for each, in the order of their times, before `onEpoch` and before the epoch
   * that reaches `time` is passed on. Returns the state to keep, or `undefined` to forget the key, with its timers.
   * At the end of the stream every timer fires that was set before it, and none that is set then.
   */
  onTimer?(time: T, state: S, output: Output<VOut, K, T>, key: K, timers: Timers<T>): S | undefined
  /**
   * A timer of processing time is due: called once for each, at `ms` (milliseconds since 1970) or soon after, between
   * two records, in the order of their times. Timestamps that are emitted must be after `timers.frontier()`. Returns
   * the state to keep, or `undefined` to forget the key, with its timers.
   */
  onProcessingTimer?(ms: number, state: S, output: Output<VOut, K, T>, key: K, timers: Timers<T>): S | undefined
}

/**
 * The timers of the key that is being processed, in event time and in processing time, as in Flink's `TimerService`.
 * They are saved with its state, and move with it when the number of workers changes. Only logic with `onTimer` or
 * `onProcessingTimer` can set them; it has a state for every key with a timer.
 */
export interface Timers<T> {
  /**
   * Calls `onTimer` when the frontier reaches `time`; once, however often the same time is set.
   *
   * @throws MalstromError `ERR_TIMESTAMP_INVALID` if `time` is none, or is not after the frontier;
   * `ERR_OPERATOR_ARGUMENT` without `onTimer`
   */
  at(time: T): void
  /** Takes back a timer of `at`; returns whether it was set. */
  cancel(time: T): boolean
  /**
   * Calls `onProcessingTimer` when processing time reaches `ms` (milliseconds since 1970), as soon as possible if it
   * has; once, however often the same time is set. A timer that was due while the job was down fires after the
   * restore. Those that have not fired at the end of the stream are dropped.
   *
   * @throws MalstromError `ERR_TIMESTAMP_INVALID` if `ms` is no finite number; `ERR_OPERATOR_ARGUMENT` without `onProcessingTimer`
   */
  atMs(ms: number): void
  /** Takes back a timer of `atMs`; returns whether it was set. */
  cancelMs(ms: number): boolean
  /** Processing time: milliseconds since 1970. Virtual in tests. Differs between workers, and when records are processed again. */
  now(): number
  /** The last epoch that has come; `undefined` before the first. What is emitted must be after it. */
  frontier(): T | undefined
}

/** The states of the keys that live on this worker, in the order in which the keys were first seen. */
export interface KeyedState<K, S> extends Iterable<[key: K, state: S]> {
  readonly size: number
  get(key: K): S | undefined
  set(key: K, state: S): void
  /** Forgets the key. Allowed while iterating. */
  delete(key: K): boolean
}

/** What callbacks may know of where they run. */
export interface OperatorInfo {
  readonly workerId: number
  readonly operatorName: string
}
