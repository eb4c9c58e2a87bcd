import type {
  Key,
  OperatorInfo,
  Partitioner,
  Sink,
  StatefulLogic,
  StatelessLogic,
  StateOptions,
  TimestampAlgebra,
  Widen,
} from '@malstrom/core'
import type { ExpireMap } from '../keyed/expire-map.ts'
import type { Emit } from '../stateless/flat-map-emit.ts'
import type { Clones } from './clones.ts'
import type { EpochSource, OnTimeAndLate, Timestamped } from './timestamped.ts'

/**
 * Records without keys: values of type `V` with timestamps of type `T`.
 *
 * Every operator takes a name that is unique in the job: it addresses the operator in saved state,
 * in errors and in the graph. A stream may be read by several operators; each gets every record. A
 * stream that nobody reads is an error: end it with `sink` or `discard`.
 */
export interface Stream<V, T> {
  /** One output per record. */
  map<O>(name: string, f: (value: V, timestamp: T) => O): Stream<O, T>

  /** Keeps the records for which `predicate` is true; a type predicate narrows the type. */
  filter<O extends V>(name: string, predicate: (value: V, timestamp: T) => value is O): Stream<O, T>
  filter(name: string, predicate: (value: V, timestamp: T) => boolean): Stream<V, T>

  /** Maps, and drops the record where `f` returns `undefined`. */
  filterMap<O>(name: string, f: (value: V, timestamp: T) => O | undefined): Stream<O, T>

  /** Any number of outputs per record, each with the record's timestamp. */
  flatMap<O>(name: string, f: (value: V, timestamp: T) => Iterable<O>): Stream<O, T>

  /**
   * `flatMap` that pushes its outputs, `(line, emit: Emit<string>) => ...`, which saves the array.
   * `emit` may only be called before `f` returns.
   */
  flatMapEmit<O>(name: string, f: (value: V, emit: Emit<O>, timestamp: T) => void): Stream<O, T>

  /** The elements of each value, each with the timestamp of the whole. */
  flatten<O>(this: Stream<Iterable<O>, T>, name: string): Stream<O, T>

  /** Looks at every record and passes it on unchanged. */
  inspect(name: string, f: (value: V, timestamp: T, info: OperatorInfo) => void): Stream<V, T>

  /** Looks at every epoch, including the one that ends the stream (`time.max`, for numbers `Infinity`). */
  inspectFrontier(name: string, f: (epoch: T, info: OperatorInfo) => void): Stream<V, T>

  /**
   * Keys the stream and moves every record to the worker that owns its key. The order of records
   * with the same key is kept. `key` must be pure; a key is a primitive or a tuple of primitives.
   *
   * @param partitioner Which worker owns a key. @default rendezvousSelect
   */
  keyDistribute<const K extends Key>(
    name: string,
    key: (value: V, timestamp: T) => K,
    partitioner?: Partitioner<K>,
  ): KeyedStream<Widen<K>, V, T>

  /** Keys the stream where it is: nothing moves, so the same key may live on several workers. */
  keyLocal<const K extends Key>(name: string, key: (value: V, timestamp: T) => K): KeyedStream<Widen<K>, V, T>

  /** A custom operator without state: `onData`, optionally `onEpoch`; or `onData` alone. */
  statelessOp<O>(name: string, logic: StatelessLogic<V, O, undefined, T> | StatelessLogic<V, O, undefined, T>['onData']): Stream<O, T>
  /** The same as `statelessOp`. */
  process<O>(name: string, logic: StatelessLogic<V, O, undefined, T> | StatelessLogic<V, O, undefined, T>['onData']): Stream<O, T>

  /**
   * Replaces the timestamps. Epochs of the old timestamps end here, so nothing but `generateEpochs`
   * can follow.
   *
   * @param time How the new timestamps are ordered. @default numberTime
   */
  assignTimestamps(name: string, f: (value: V, timestamp: T) => number): Timestamped<Stream<V, number>, V, number>
  assignTimestamps<TO>(name: string, f: (value: V, timestamp: T) => TO, time: TimestampAlgebra<TO>): Timestamped<Stream<V, TO>, V, TO>

  /** Generates epochs from the timestamps the stream has, and separates late records. */
  generateEpochs(name: string, generator: EpochSource<V, T>): OnTimeAndLate<Stream<V, T>>

  /** Sends each record to the branches that `route` names: one, several, or none (`[]`). Epochs go to all. */
  split<const B extends string>(
    name: string,
    branches: readonly B[],
    route: (value: V, timestamp: T) => NoInfer<B> | readonly NoInfer<B>[],
  ): { readonly [N in B]: Stream<V, T> }

  /** `count` streams with every record each. The values are shared, not copied. */
  cloned<const N extends number>(name: string, count: N): Clones<Stream<V, T>, N>

  /**
   * Merges streams: the records of each in their order, the streams in no particular order. The
   * frontier is the smallest of theirs. Not an operator, so it has no name.
   */
  union(...others: readonly Stream<V, T>[]): Stream<V, T>

  /** Applies a function of streams: how operators from other packages join the chain. */
  pipe<R>(extension: (stream: Stream<V, T>) => R): R

  /** Writes every record to `sink`. */
  // biome-ignore lint/suspicious/noExplicitAny: a stream does not care about the partitions of a sink
  sink(name: string, sink: Sink<V, undefined, T, any, any>): void

  /** Drops every record, on purpose. */
  discard(name: string): void
}

/**
 * Records with keys of type `K`. All state in a job is kept per key, on the worker that owns the key.
 *
 * Callbacks take `(value, key, timestamp)`, with the state in front where there is one. Operators
 * that `Stream` has too do the same here and keep the key.
 */
export interface KeyedStream<K, V, T> {
  map<O>(name: string, f: (value: V, key: K, timestamp: T) => O): KeyedStream<K, O, T>
  filter<O extends V>(name: string, predicate: (value: V, key: K, timestamp: T) => value is O): KeyedStream<K, O, T>
  filter(name: string, predicate: (value: V, key: K, timestamp: T) => boolean): KeyedStream<K, V, T>
  filterMap<O>(name: string, f: (value: V, key: K, timestamp: T) => O | undefined): KeyedStream<K, O, T>
  flatMap<O>(name: string, f: (value: V, key: K, timestamp: T) => Iterable<O>): KeyedStream<K, O, T>
  flatMapEmit<O>(name: string, f: (value: V, emit: Emit<O>, key: K, timestamp: T) => void): KeyedStream<K, O, T>
  flatten<O>(this: KeyedStream<K, Iterable<O>, T>, name: string): KeyedStream<K, O, T>
  inspect(name: string, f: (value: V, key: K, timestamp: T, info: OperatorInfo) => void): KeyedStream<K, V, T>
  inspectFrontier(name: string, f: (epoch: T, info: OperatorInfo) => void): KeyedStream<K, V, T>

  /** Replaces the keys and moves every record to the worker that owns its new key. */
  keyDistribute<const KO extends Key>(
    name: string,
    key: (value: V, key: K, timestamp: T) => KO,
    partitioner?: Partitioner<KO>,
  ): KeyedStream<Widen<KO>, V, T>
  /** Replaces the keys; nothing moves. */
  keyLocal<const KO extends Key>(name: string, key: (value: V, key: K, timestamp: T) => KO): KeyedStream<Widen<KO>, V, T>
  /** Takes the keys away. */
  unkey(name: string): Stream<V, T>

  /**
   * Exactly one output per record, and the state to keep for its key: `[output, state]`. An
   * `undefined` state forgets the key; `init` makes the state of a key that has none.
   */
  statefulMap<S, O>(
    name: string,
    init: (key: K) => S,
    f: (state: S, value: V, key: K, timestamp: T) => readonly [output: O, state: S | undefined],
    options?: StateOptions<NoInfer<S>>,
  ): KeyedStream<K, O, T>

  /** Emits the new state of the key for every record. */
  fold<S>(
    name: string,
    init: (key: K) => S,
    f: (state: S, value: V, key: K, timestamp: T) => S,
    options?: StateOptions<NoInfer<S>>,
  ): KeyedStream<K, S, T>

  /** Emits the combination of all values of the key so far; the first value as it is. */
  reduce(name: string, f: (accumulated: V, value: V, key: K, timestamp: T) => V, options?: StateOptions<V>): KeyedStream<K, V, T>

  /**
   * `statefulMap` whose state is an `ExpireMap`: a map per key whose entries go away when an epoch
   * reaches their expiry. Annotate its type: `(seen: ExpireMap<string, number, number>, value) => ...`.
   * An `undefined` map forgets the key, and so does one that has become empty.
   */
  ttlMap<EK, EV, O>(
    name: string,
    f: (entries: ExpireMap<EK, EV, T>, value: V, key: K, timestamp: T) => readonly [output: O, entries: ExpireMap<EK, EV, T> | undefined],
    options?: Pick<StateOptions<ExpireMap<EK, EV, T>>, 'version' | 'migrate'>,
  ): KeyedStream<K, O, T>

  /** A custom operator with one state per key. */
  statefulOp<O, S>(name: string, logic: StatefulLogic<K, V, O, T, S>): KeyedStream<K, O, T>
  /** The same as `statefulOp`. */
  process<O, S>(name: string, logic: StatefulLogic<K, V, O, T, S>): KeyedStream<K, O, T>
  /** A custom operator without state: `onData`, optionally `onEpoch`; or `onData` alone. */
  statelessOp<O>(name: string, logic: StatelessLogic<V, O, K, T> | StatelessLogic<V, O, K, T>['onData']): KeyedStream<K, O, T>

  assignTimestamps(name: string, f: (value: V, key: K, timestamp: T) => number): Timestamped<KeyedStream<K, V, number>, V, number>
  assignTimestamps<TO>(
    name: string,
    f: (value: V, key: K, timestamp: T) => TO,
    time: TimestampAlgebra<TO>,
  ): Timestamped<KeyedStream<K, V, TO>, V, TO>
  generateEpochs(name: string, generator: EpochSource<V, T>): OnTimeAndLate<KeyedStream<K, V, T>>

  split<const B extends string>(
    name: string,
    branches: readonly B[],
    route: (value: V, key: K, timestamp: T) => NoInfer<B> | readonly NoInfer<B>[],
  ): { readonly [N in B]: KeyedStream<K, V, T> }
  cloned<const N extends number>(name: string, count: N): Clones<KeyedStream<K, V, T>, N>
  union(...others: readonly KeyedStream<K, V, T>[]): KeyedStream<K, V, T>
  pipe<R>(extension: (stream: KeyedStream<K, V, T>) => R): R
  // biome-ignore lint/suspicious/noExplicitAny: a stream does not care about the partitions of a sink
  sink(name: string, sink: Sink<V, K, T, any, any>): void
  discard(name: string): void
}
