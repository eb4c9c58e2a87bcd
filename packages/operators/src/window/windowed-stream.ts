import type { StateOptions, Widen } from '@malstrom/core'
import type { DeadLetter, ErrorPolicy, FailedWindow, OnError, Results } from '../error-policy/on-error.ts'
import type { KeyedStream } from '../stream/keyed-stream.ts'
import type { Ordered } from '../table/ordered.ts'
import type { TopOptions } from '../table/top-rows.ts'
import type { Size, SizedTime } from './duration.ts'
import type { Trigger } from './trigger.ts'
import type { Window } from './window.ts'

/** How accumulators are saved: raise `version` and give `migrate` when what they look like changes. */
export type AccumulatorOptions<A> = Pick<StateOptions<A>, 'version' | 'migrate'>

/**
 * How the records of a key in a window become one result. Accumulators are made of plain objects, arrays, maps,
 * sets, dates, typed arrays and primitives; `add` may change the one it is given.
 */
export type WindowAggregate<K, V, T, A, O, Merging extends boolean, W = T> = {
  /** The accumulator of a window without records. */
  readonly init: (key: K) => A
  readonly add: (accumulator: A, value: V, key: K, timestamp: T) => A
  /** The result of a window that fires. @default the accumulator itself */
  readonly emit?: (accumulator: NoInfer<A>, window: Window<W>, key: K) => O
} & (Merging extends true ? MergeNeeded<A> : MergePossible<A>)

interface MergeNeeded<A> {
  /** One accumulator of two; must leave both as they are. Sessions need it, because two can become one. */
  readonly merge: (earlier: NoInfer<A>, later: NoInfer<A>) => NoInfer<A>
}

interface MergePossible<A> {
  /**
   * One accumulator of two; must leave both as they are, and be associative. With it, a record of sliding windows is
   * added once and not to each of its windows, so that its cost does not grow with `size / slide`.
   */
  readonly merge?: (earlier: NoInfer<A>, later: NoInfer<A>) => NoInfer<A>
}

/** The dead letters of windows: records that could not be added, and windows (`'window' in letter`) whose results could not be made of an `A`. */
type DeadWindows<K, V, T, A, W> = KeyedStream<K, DeadLetter<V, K, T> | FailedWindow<A, K, T, W>, T>

/** What becomes of the records in windows. Each result has the key, and the timestamp at which its window is complete. */
interface WindowMethods<K, V, T, Merging extends boolean, Kind extends 'results' | 'resultsAndLate', W = T> {
  /**
   * Aggregates the records of each key and window as they come: what is kept is one accumulator. With `onError`, a record for which
   * `init` or `add` throws is in no window, and a window for which `emit` throws has no result. An error of `merge` is one of no
   * record where windows are made of slices, and fails the job.
   */
  aggregate<A, O = A, M extends OnError = 'fail'>(
    name: string,
    aggregate: WindowAggregate<K, V, T, A, O, Merging, W>,
    options?: AccumulatorOptions<NoInfer<A>> & ErrorPolicy<M>,
  ): WindowResult<Kind, K, V, O, T, M, A, W>

  /** Combines the values of each key and window; the first value as it is. In sessions and sliding windows `f` must be associative, and leave both values as they are. */
  reduce<M extends OnError = 'fail'>(
    name: string,
    f: (accumulated: V, value: V, key: K) => V,
    options?: AccumulatorOptions<V> & ErrorPolicy<M>,
  ): WindowResult<Kind, K, V, V, T, M, V, W>

  /** Keeps all values of each key and window, and gives them to `f` when it fires. They must stay as they are. With `onError`, a window for which `f` throws has no result. */
  process<O, M extends OnError = 'fail'>(
    name: string,
    f: (values: readonly V[], window: Window<W>, key: K) => O,
    options?: AccumulatorOptions<readonly V[]> & ErrorPolicy<M>,
  ): WindowResult<Kind, K, V, O, T, M, readonly V[], W>

  /** How many records each key and window has. */
  count(name: string): WindowResult<Kind, K, V, number, T>
  /** The sum: exact for integers within 2 ** 53, and for bigints. */
  sum<N extends number | bigint, M extends OnError = 'fail'>(
    name: string,
    of: (value: V, key: K, timestamp: T) => N,
    options?: ErrorPolicy<M>,
  ): WindowResult<Kind, K, V, Widen<N>, T, M>
  /** The arithmetic mean. */
  average<M extends OnError = 'fail'>(
    name: string,
    of: (value: V, key: K, timestamp: T) => number | bigint,
    options?: ErrorPolicy<M>,
  ): WindowResult<Kind, K, V, number, T, M>
  /** The smallest; of equal ones the first. */
  min<O extends Ordered, M extends OnError = 'fail'>(
    name: string,
    of: (value: V, key: K, timestamp: T) => O,
    options?: ErrorPolicy<M>,
  ): WindowResult<Kind, K, V, Widen<O>, T, M>
  /** The largest; of equal ones the first. */
  max<O extends Ordered, M extends OnError = 'fail'>(
    name: string,
    of: (value: V, key: K, timestamp: T) => O,
    options?: ErrorPolicy<M>,
  ): WindowResult<Kind, K, V, Widen<O>, T, M>
  /** The first record for each value of `by`, in the order in which they came. */
  distinct<M extends OnError = 'fail'>(
    name: string,
    by: (value: V, key: K, timestamp: T) => string | number | bigint | boolean,
    options?: ErrorPolicy<M>,
  ): WindowResult<Kind, K, V, readonly V[], T, M>
  /** The `n` records for which `by` is largest, the largest first; of equal ones the first that came. `n` is at most 100,000. */
  topN<M extends OnError = 'fail'>(
    name: string,
    n: number,
    by: (value: V, key: K, timestamp: T) => Ordered,
    options?: TopOptions & ErrorPolicy<M>,
  ): WindowResult<Kind, K, V, readonly V[], T, M>
}

/**
 * Results alone, or with a stream of the records that came too late, or of dead letters. `A`: what a window has when its result is made,
 * where a function of the user makes it.
 */
export type WindowResult<Kind, K, V, O, T, M extends OnError = 'fail', A = never, W = T> = Kind extends 'results'
  ? Results<M, KeyedStream<K, O, T>, DeadOfWindows<K, V, T, A, W>>
  : { readonly results: KeyedStream<K, O, T>; readonly late: KeyedStream<K, V, T> } & (M extends 'deadLetter'
      ? { readonly deadLetters: DeadOfWindows<K, V, T, A, W> }
      : unknown)

type DeadOfWindows<K, V, T, A, W> = [A] extends [never] ? KeyedStream<K, DeadLetter<V, K, T>, T> : DeadWindows<K, V, T, A, W>

interface FiringMethods<Self, V, T> {
  /** Fires windows also before they are complete, for example with `everyCount(100)`. */
  trigger(trigger: Trigger<V, T>): Self
  /** A window that has fired starts anew: each result tells only of the records since the last one. By default each tells of all. */
  discarding(): Self
}

/**
 * A keyed stream whose records are grouped by windows of event time. A window fires when it is complete: when the
 * frontier has reached the last timestamp before its end. Windows that no record was in do not fire.
 */
export interface WindowedStream<K, V, T, Merging extends boolean>
  extends WindowMethods<K, V, T, Merging, 'results'>,
    FiringMethods<WindowedStream<K, V, T, Merging>, V, T> {
  /**
   * Keeps windows for `lateness` after they are complete: a record of `late` that comes until then changes its
   * windows, and those that are complete fire again at once. A record all of whose windows are over is too late: it
   * goes to the stream `late` of the result, which must be read or discarded, and is counted.
   *
   * What follows hears of an epoch `lateness` later, because late results carry the timestamps of their windows.
   *
   * @param late The late records of `generateEpochs`, keyed as this stream is.
   */
  allowedLateness(lateness: T extends SizedTime ? Size : never, late: KeyedStream<K, V, T>): LateWindowedStream<K, V, T, Merging>
}

/** Windows that take late records. */
export interface LateWindowedStream<K, V, T, Merging extends boolean>
  extends WindowMethods<K, V, T, Merging, 'resultsAndLate'>,
    FiringMethods<LateWindowedStream<K, V, T, Merging>, V, T> {}

/**
 * A keyed stream whose records are grouped by windows of processing time, in milliseconds since 1970. Nothing is late for them. A
 * trigger is told when a record is processed in place of the record's timestamp.
 */
export interface ProcessingWindowedStream<K, V, T, Merging extends boolean>
  extends WindowMethods<K, V, T, Merging, 'results', number>,
    FiringMethods<ProcessingWindowedStream<K, V, T, Merging>, V, number> {}
