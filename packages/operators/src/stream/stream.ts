import type { Key, OperatorInfo, Partitioner, Sink, StatelessLogic, TimestampAlgebra, Widen } from '@malstrom/core'
import type { AsyncCall, AsyncOptions } from '../async/async-options.ts'
import type { BroadcastLogic } from '../broadcast/broadcast.ts'
import type { DeadLetter, ErrorPolicy, OnError, Results } from '../error-policy/on-error.ts'
import type { Emit } from '../stateless/flat-map-emit.ts'
import type { SchemaOutput, StandardSchema } from '../validate/standard-schema.ts'
import type { Clones } from './clones.ts'
import type { KeyDistributeOptions, KeyedStream } from './keyed-stream.ts'
import type { EpochSource, OnTimeAndLate, Timestamped } from './timestamped.ts'

/** The dead letters of an operator. */
type Dead<V, T> = Stream<DeadLetter<V, undefined, T>, T>

/**
 * Records without keys: values of type `V` with timestamps of type `T`.
 *
 * Every operator takes a name that is unique in the job: it addresses the operator in saved state,
 * in errors and in the graph. A stream may be read by several operators; each gets every record. A
 * stream that nobody reads is an error: end it with `sink` or `discard`.
 *
 * With `{ onError }`, an operator goes on after a record for which its function throws: see `OnError`.
 */
export interface Stream<V, T> {
  /** One output per record. */
  map<O, M extends OnError = 'fail'>(
    name: string,
    f: (value: V, timestamp: T) => O,
    options?: ErrorPolicy<M>,
  ): Results<M, Stream<O, T>, Dead<V, T>>

  /** Keeps the records for which `predicate` is true; a type predicate narrows the type. */
  filter<O extends V, M extends OnError = 'fail'>(
    name: string,
    predicate: (value: V, timestamp: T) => value is O,
    options?: ErrorPolicy<M>,
  ): Results<M, Stream<O, T>, Dead<V, T>>
  filter<M extends OnError = 'fail'>(
    name: string,
    predicate: (value: V, timestamp: T) => boolean,
    options?: ErrorPolicy<M>,
  ): Results<M, Stream<V, T>, Dead<V, T>>

  /** Maps, and drops the record where `f` returns `undefined`. */
  filterMap<O, M extends OnError = 'fail'>(
    name: string,
    f: (value: V, timestamp: T) => O | undefined,
    options?: ErrorPolicy<M>,
  ): Results<M, Stream<O, T>, Dead<V, T>>

  /** Any number of outputs per record, each with the record's timestamp. */
  flatMap<O, M extends OnError = 'fail'>(
    name: string,
    f: (value: V, timestamp: T) => Iterable<O>,
    options?: ErrorPolicy<M>,
  ): Results<M, Stream<O, T>, Dead<V, T>>

  /**
   * `flatMap` that pushes its outputs, `(line, emit: Emit<string>) => ...`, which saves the array.
   * `emit` may only be called before `f` returns.
   */
  flatMapEmit<O, M extends OnError = 'fail'>(
    name: string,
    f: (value: V, emit: Emit<O>, timestamp: T) => void,
    options?: ErrorPolicy<M>,
  ): Results<M, Stream<O, T>, Dead<V, T>>

  /**
   * Passes on the output of a schema that implements Standard Schema (standardschema.dev: zod, valibot, arktype and others). A value
   * that the schema refuses goes the way of `onError`; in a dead letter, `cause.issues` says what is wrong and where. A schema that
   * answers with a promise is refused with `ERR_OPERATOR_ARGUMENT`, whatever `onError` says.
   */
  validate<S extends StandardSchema, M extends OnError = 'fail'>(
    name: string,
    schema: S,
    options?: ErrorPolicy<M>,
  ): Results<M, Stream<SchemaOutput<S>, T>, Dead<V, T>>

  /** The elements of each value, each with the timestamp of the whole. */
  flatten<O>(this: Stream<Iterable<O>, T>, name: string): Stream<O, T>

  /**
   * One output per record, with its timestamp, which a promise brings: for calls of databases and services. Many
   * calls are under way at a time (`capacity`); when there is no room, no more is read. Calls are made again after
   * a restart from a snapshot (at least once); what they came to leaves exactly once. A call that takes too long is
   * aborted; when `retries` do not help, the record goes the way of `onError`, by default the job fails with its key and
   * timestamp. Dead letters leave where their results would. A change of the number of workers waits for the calls that
   * are under way. After Flink's asynchronous I/O.
   */
  mapAsync<O, M extends OnError = 'fail'>(
    name: string,
    f: (value: V, timestamp: T, call: AsyncCall) => PromiseLike<O>,
    options?: AsyncOptions<M>,
  ): Results<M, Stream<O, T>, Dead<V, T>>

  /** Looks at every record and passes it on unchanged. */
  inspect<M extends OnError = 'fail'>(
    name: string,
    f: (value: V, timestamp: T, info: OperatorInfo) => void,
    options?: ErrorPolicy<M>,
  ): Results<M, Stream<V, T>, Dead<V, T>>

  /** Looks at every epoch, including the one that ends the stream (`time.max`, for numbers `Infinity`). */
  inspectFrontier(name: string, f: (epoch: T, info: OperatorInfo) => void): Stream<V, T>

  /**
   * Keys the stream and moves every record to the worker that owns its key. The order of records
   * with the same key is kept. `key` must be pure; a key is a primitive or a tuple of primitives.
   *
   * @param how Which worker owns a key (a partitioner), or options. @default rendezvousSelect
   */
  keyDistribute<const K extends Key, M extends OnError = 'fail'>(
    name: string,
    key: (value: V, timestamp: T) => K,
    how?: Partitioner<K> | KeyDistributeOptions<K, M, V, T>,
  ): Results<M, KeyedStream<Widen<K>, V, T>, Dead<V, T>>

  /** Keys the stream where it is: nothing moves, so the same key may live on several workers. */
  keyLocal<const K extends Key, M extends OnError = 'fail'>(
    name: string,
    key: (value: V, timestamp: T) => K,
    options?: ErrorPolicy<M>,
  ): Results<M, KeyedStream<Widen<K>, V, T>, Dead<V, T>>

  /** A custom operator without state: `onData`, optionally `onEpoch`; or `onData` alone. */
  statelessOp<O, M extends OnError = 'fail'>(
    name: string,
    logic: StatelessLogic<V, O, undefined, T> | StatelessLogic<V, O, undefined, T>['onData'],
    options?: ErrorPolicy<M>,
  ): Results<M, Stream<O, T>, Dead<V, T>>
  /** The same as `statelessOp`. */
  process<O, M extends OnError = 'fail'>(
    name: string,
    logic: StatelessLogic<V, O, undefined, T> | StatelessLogic<V, O, undefined, T>['onData'],
    options?: ErrorPolicy<M>,
  ): Results<M, Stream<O, T>, Dead<V, T>>

  /**
   * Replaces the timestamps. Epochs of the old timestamps end here, so nothing but `generateEpochs`
   * can follow.
   *
   * @param time How the new timestamps are ordered. @default numberTime
   */
  assignTimestamps<M extends OnError = 'fail'>(
    name: string,
    f: (value: V, timestamp: T) => number,
    options?: ErrorPolicy<M>,
  ): Results<M, Timestamped<Stream<V, number>, V, number>, Dead<V, T>>
  assignTimestamps<TO, M extends OnError = 'fail'>(
    name: string,
    f: (value: V, timestamp: T) => TO,
    time: TimestampAlgebra<TO>,
    options?: ErrorPolicy<M>,
  ): Results<M, Timestamped<Stream<V, TO>, V, TO>, Dead<V, T>>

  /** Generates epochs from the timestamps the stream has, and separates late records. */
  generateEpochs(name: string, generator: EpochSource<V, T>): OnTimeAndLate<Stream<V, T>>

  /**
   * Records that are treated by what every worker knows: rules, configuration, small tables. Each record of `control`
   * changes a copy of the state on every worker, in one order everywhere; each record of this stream is read against
   * the copy of its worker (`onData`: one output, or none for `undefined`). Which of two records of different streams
   * comes first is not determined. The frontier is the smallest of both streams; one that is idle is not waited for.
   * The state is part of snapshots and is on every worker after a rescale; it is made of plain objects, arrays, maps,
   * sets, dates and primitives. After Flink's broadcast state.
   */
  broadcast<C, S, O>(name: string, control: ControlStream<C, T>, logic: BroadcastLogic<S, C, V, O, T>): Stream<O, T>

  /** Sends each record to the branches that `route` names: one, several, or none (`[]`). Epochs go to all. */
  split<const B extends string, M extends OnError = 'fail'>(
    name: string,
    branches: readonly B[],
    route: (value: V, timestamp: T) => NoInfer<B> | readonly NoInfer<B>[],
    options?: ErrorPolicy<M>,
  ): Results<M, { readonly [N in B]: Stream<V, T> }, Dead<V, T>>

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

/** A stream that tells every worker something, with keys or without. */
// biome-ignore lint/suspicious/noExplicitAny: its keys do not matter
export type ControlStream<C, T> = Stream<C, T> | KeyedStream<any, C, T>
