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
import type { AsyncCall, AsyncOptions } from '../async/async-options.ts'
import type { KeyedBroadcastLogic } from '../broadcast/broadcast.ts'
import type { DeadLetter, ErrorPolicy, OnError, Results } from '../error-policy/on-error.ts'
import type { JoinMethods } from '../join/join-methods.ts'
import type { CombineOptions } from '../keyed/combine.ts'
import type { ExpireMap } from '../keyed/expire-map.ts'
import type { TtlOptions } from '../keyed/state-ttl.ts'
import type { Emit } from '../stateless/flat-map-emit.ts'
import type { Change } from '../table/change.ts'
import type { Table } from '../table/table.ts'
import type { TableMethods } from '../table/table-methods.ts'
import type { SchemaOutput, StandardSchema } from '../validate/standard-schema.ts'
import type { SizedTime } from '../window/duration.ts'
import type { ProcessingWindows } from '../window/processing-time.ts'
import type { Windows } from '../window/window.ts'
import type { ProcessingWindowedStream, WindowedStream } from '../window/windowed-stream.ts'
import type { Clones } from './clones.ts'
import type { ControlStream, Stream } from './stream.ts'
import type { EpochSource, OnTimeAndLate, Timestamped } from './timestamped.ts'

/** Options of `keyDistribute`. */
export interface KeyDistributeOptions<K extends Key, M extends OnError = OnError, V = unknown, T = unknown> extends ErrorPolicy<M> {
  /** Which worker owns a key. @default rendezvousSelect */
  readonly partitioner?: Partitioner<K>
  /** Makes records with the same key into one before they are sent. @default every record is sent as it is */
  readonly combine?: CombineOptions<V, T>
}

/** The dead letters of an operator, with the keys that the records came with. */
export type DeadKeyed<K, V, T> = KeyedStream<K, DeadLetter<V, K, T>, T>

/**
 * Records with keys of type `K`. All state in a job is kept per key, on the worker that owns the key.
 *
 * Callbacks take `(value, key, timestamp)`, with the state in front where there is one. Operators
 * that `Stream` has too do the same here and keep the key.
 */
export interface KeyedStream<K, V, T> extends TableMethods<K, V, T>, JoinMethods<K, V, T> {
  map<O, M extends OnError = 'fail'>(
    name: string,
    f: (value: V, key: K, timestamp: T) => O,
    options?: ErrorPolicy<M>,
  ): Results<M, KeyedStream<K, O, T>, DeadKeyed<K, V, T>>
  filter<O extends V, M extends OnError = 'fail'>(
    name: string,
    predicate: (value: V, key: K, timestamp: T) => value is O,
    options?: ErrorPolicy<M>,
  ): Results<M, KeyedStream<K, O, T>, DeadKeyed<K, V, T>>
  filter<M extends OnError = 'fail'>(
    name: string,
    predicate: (value: V, key: K, timestamp: T) => boolean,
    options?: ErrorPolicy<M>,
  ): Results<M, KeyedStream<K, V, T>, DeadKeyed<K, V, T>>
  filterMap<O, M extends OnError = 'fail'>(
    name: string,
    f: (value: V, key: K, timestamp: T) => O | undefined,
    options?: ErrorPolicy<M>,
  ): Results<M, KeyedStream<K, O, T>, DeadKeyed<K, V, T>>
  flatMap<O, M extends OnError = 'fail'>(
    name: string,
    f: (value: V, key: K, timestamp: T) => Iterable<O>,
    options?: ErrorPolicy<M>,
  ): Results<M, KeyedStream<K, O, T>, DeadKeyed<K, V, T>>
  flatMapEmit<O, M extends OnError = 'fail'>(
    name: string,
    f: (value: V, emit: Emit<O>, key: K, timestamp: T) => void,
    options?: ErrorPolicy<M>,
  ): Results<M, KeyedStream<K, O, T>, DeadKeyed<K, V, T>>
  validate<S extends StandardSchema, M extends OnError = 'fail'>(
    name: string,
    schema: S,
    options?: ErrorPolicy<M>,
  ): Results<M, KeyedStream<K, SchemaOutput<S>, T>, DeadKeyed<K, V, T>>

  flatten<O>(this: KeyedStream<K, Iterable<O>, T>, name: string): KeyedStream<K, O, T>
  mapAsync<O, M extends OnError = 'fail'>(
    name: string,
    f: (value: V, key: K, timestamp: T, call: AsyncCall) => PromiseLike<O>,
    options?: AsyncOptions<M>,
  ): Results<M, KeyedStream<K, O, T>, DeadKeyed<K, V, T>>
  inspect<M extends OnError = 'fail'>(
    name: string,
    f: (value: V, key: K, timestamp: T, info: OperatorInfo) => void,
    options?: ErrorPolicy<M>,
  ): Results<M, KeyedStream<K, V, T>, DeadKeyed<K, V, T>>
  inspectFrontier(name: string, f: (epoch: T, info: OperatorInfo) => void): KeyedStream<K, V, T>

  /** Replaces the keys and moves every record to the worker that owns its new key. */
  keyDistribute<const KO extends Key, M extends OnError = 'fail'>(
    name: string,
    key: (value: V, key: K, timestamp: T) => KO,
    how?: Partitioner<KO> | KeyDistributeOptions<KO, M, V, T>,
  ): Results<M, KeyedStream<Widen<KO>, V, T>, DeadKeyed<K, V, T>>
  /** Replaces the keys; nothing moves. */
  keyLocal<const KO extends Key, M extends OnError = 'fail'>(
    name: string,
    key: (value: V, key: K, timestamp: T) => KO,
    options?: ErrorPolicy<M>,
  ): Results<M, KeyedStream<Widen<KO>, V, T>, DeadKeyed<K, V, T>>
  /** Takes the keys away. */
  unkey(name: string): Stream<V, T>

  /**
   * Exactly one output per record, and the state to keep for its key: `[output, state]`. An
   * `undefined` state forgets the key; `init` makes the state of a key that has none.
   */
  statefulMap<S, O, M extends OnError = 'fail'>(
    name: string,
    init: (key: K) => S,
    f: (state: S, value: V, key: K, timestamp: T) => readonly [output: O, state: S | undefined],
    options?: StateOptions<NoInfer<S>> & TtlOptions<T> & ErrorPolicy<M>,
  ): Results<M, KeyedStream<K, O, T>, DeadKeyed<K, V, T>>

  /** Emits the new state of the key for every record. */
  fold<S, M extends OnError = 'fail'>(
    name: string,
    init: (key: K) => S,
    f: (state: S, value: V, key: K, timestamp: T) => S,
    options?: StateOptions<NoInfer<S>> & TtlOptions<T> & ErrorPolicy<M>,
  ): Results<M, KeyedStream<K, S, T>, DeadKeyed<K, V, T>>

  /** Emits the combination of all values of the key so far; the first value as it is. */
  reduce<M extends OnError = 'fail'>(
    name: string,
    f: (accumulated: V, value: V, key: K, timestamp: T) => V,
    options?: StateOptions<V> & TtlOptions<T> & ErrorPolicy<M>,
  ): Results<M, KeyedStream<K, V, T>, DeadKeyed<K, V, T>>

  /**
   * `statefulMap` whose state is an `ExpireMap`: a map per key whose entries go away when an epoch
   * reaches their expiry. Annotate its type: `(seen: ExpireMap<string, number, number>, value) => ...`.
   * An `undefined` map forgets the key, and so does one that has become empty. With `onError`, what `f` has done to the map of a
   * key before it throws stays.
   */
  ttlMap<EK, EV, O, M extends OnError = 'fail'>(
    name: string,
    f: (entries: ExpireMap<EK, EV, T>, value: V, key: K, timestamp: T) => readonly [output: O, entries: ExpireMap<EK, EV, T> | undefined],
    options?: Pick<StateOptions<ExpireMap<EK, EV, T>>, 'version' | 'migrate'> & ErrorPolicy<M>,
  ): Results<M, KeyedStream<K, O, T>, DeadKeyed<K, V, T>>

  /** Reads changes as a table: from another system, or from `topN`. Not an operator, so it has no name. */
  asTable<R>(this: KeyedStream<K, Change<R>, T>): Table<K, R, T>

  /** A custom operator with one state per key. */
  statefulOp<O, S, M extends OnError = 'fail'>(
    name: string,
    logic: StatefulLogic<K, V, O, T, S>,
    options?: ErrorPolicy<M>,
  ): Results<M, KeyedStream<K, O, T>, DeadKeyed<K, V, T>>
  /** The same as `statefulOp`. */
  process<O, S, M extends OnError = 'fail'>(
    name: string,
    logic: StatefulLogic<K, V, O, T, S>,
    options?: ErrorPolicy<M>,
  ): Results<M, KeyedStream<K, O, T>, DeadKeyed<K, V, T>>
  /** A custom operator without state: `onData`, optionally `onEpoch`; or `onData` alone. */
  statelessOp<O, M extends OnError = 'fail'>(
    name: string,
    logic: StatelessLogic<V, O, K, T> | StatelessLogic<V, O, K, T>['onData'],
    options?: ErrorPolicy<M>,
  ): Results<M, KeyedStream<K, O, T>, DeadKeyed<K, V, T>>

  /**
   * Groups the records of each key by windows of event time: `tumbling`, `sliding`, `session`, `global`,
   * `calendarDays`, `calendarMonths`, or windows of your own. Not an operator by itself: `aggregate`, `reduce` or
   * `process` follows.
   */
  window<const M extends boolean>(windows: Windows<T, M>): WindowedStream<K, V, T, M>
  /** The same by windows of processing time, as `processingTime(tumbling({ seconds: 10 }))`. */
  window<const M extends boolean>(windows: T extends SizedTime ? ProcessingWindows<M> : never): ProcessingWindowedStream<K, V, T, M>

  assignTimestamps<M extends OnError = 'fail'>(
    name: string,
    f: (value: V, key: K, timestamp: T) => number,
    options?: ErrorPolicy<M>,
  ): Results<M, Timestamped<KeyedStream<K, V, number>, V, number>, DeadKeyed<K, V, T>>
  assignTimestamps<TO, M extends OnError = 'fail'>(
    name: string,
    f: (value: V, key: K, timestamp: T) => TO,
    time: TimestampAlgebra<TO>,
    options?: ErrorPolicy<M>,
  ): Results<M, Timestamped<KeyedStream<K, V, TO>, V, TO>, DeadKeyed<K, V, T>>
  generateEpochs(name: string, generator: EpochSource<V, T>): OnTimeAndLate<KeyedStream<K, V, T>>

  broadcast<C, S, O>(name: string, control: ControlStream<C, T>, logic: KeyedBroadcastLogic<S, C, K, V, O, T>): KeyedStream<K, O, T>
  split<const B extends string, M extends OnError = 'fail'>(
    name: string,
    branches: readonly B[],
    route: (value: V, key: K, timestamp: T) => NoInfer<B> | readonly NoInfer<B>[],
    options?: ErrorPolicy<M>,
  ): Results<M, { readonly [N in B]: KeyedStream<K, V, T> }, DeadKeyed<K, V, T>>
  cloned<const N extends number>(name: string, count: N): Clones<KeyedStream<K, V, T>, N>
  union(...others: readonly KeyedStream<K, V, T>[]): KeyedStream<K, V, T>
  pipe<R>(extension: (stream: KeyedStream<K, V, T>) => R): R
  // biome-ignore lint/suspicious/noExplicitAny: a stream does not care about the partitions of a sink
  sink(name: string, sink: Sink<V, K, T, any, any>): void
  discard(name: string): void
}
