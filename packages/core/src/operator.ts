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
  /** Returns the state to keep, or `undefined` to forget the key. */
  onData(value: VIn, state: S, output: Output<VOut, K, T>, key: K, timestamp: T): S | undefined
  /**
   * No record at or before `epoch` will follow. The epoch is forwarded after this returns, so
   * records with `timestamp <= epoch` may still be emitted here.
   */
  onEpoch?(epoch: T, states: KeyedState<K, S>, output: Output<VOut, K, T>): void
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
