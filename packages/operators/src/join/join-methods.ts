import type { DeadLetter, ErrorPolicy, OnError, Results } from '../error-policy/on-error.ts'
import type { KeyedStream } from '../stream/keyed-stream.ts'
import type { Window, Windows } from '../window/window.ts'
import type { IntervalJoinOptions, RegularJoinOptions } from './interval.ts'
import type { JoinType, LeftOf, RightOf } from './join-type.ts'
import type { TableJoinOptions, TableJoinType } from './table-join.ts'
import type { WindowJoinOptions } from './window-join.ts'

/** The dead letters of a join: what its function was called with, of the left stream and the right one. They have the timestamps of the results. */
export type DeadPairs<K, L, R, T> = KeyedStream<K, DeadLetter<readonly [left: L, right: R], K, T>, T>

/**
 * Joins of keyed streams with equal keys and the same kind of timestamps. With `onError` among the options (of `coGroup` behind its
 * function), a pair of records for which the function throws has no result. A bound that is a function and throws fails the job.
 */
export interface JoinMethods<K, V, T> {
  /**
   * Every pair of a record of this stream and one of `right` with equal keys: within `ttl` of each other, or with
   * `unbounded: true` however far apart, and then every record is kept for ever. The result has the larger of the two
   * timestamps. A record without a match (`type`) is emitted when the frontier passes `ttl` after it, at that time; with
   * `unbounded`, when the streams end, at the largest time there is.
   *
   * Both streams must have found their workers in the same way: `keyDistribute` with the same partitioner.
   */
  join<R, O, const J extends JoinType = 'inner', M extends OnError = 'fail'>(
    name: string,
    right: KeyedStream<K, R, T>,
    options: RegularJoinOptions<T, J> & ErrorPolicy<M>,
    f: (left: LeftOf<J, V>, right: RightOf<J, R>, key: K, timestamp: T) => O,
  ): Results<M, KeyedStream<K, O, T>, DeadPairs<K, LeftOf<J, V>, RightOf<J, R>, T>>

  /**
   * Pairs with equal keys in which the right timestamp is from `lower` to `upper` after the left one, both included
   * unless said otherwise: `{ lower: -5_000, upper: 60_000 }`. Either bound may be a function of the left record. The
   * result has the larger of the two timestamps. A record without a match (`type`) is emitted when the frontier passes
   * its last possible match, at that time, or at its own if that is larger. State goes when the frontier has passed.
   */
  intervalJoin<R, O, const J extends JoinType = 'inner', M extends OnError = 'fail'>(
    name: string,
    right: KeyedStream<K, R, T>,
    options: IntervalJoinOptions<V, T, J> & ErrorPolicy<M>,
    f: (left: LeftOf<J, V>, right: RightOf<J, R>, key: K, timestamp: T) => O,
  ): Results<M, KeyedStream<K, O, T>, DeadPairs<K, LeftOf<J, V>, RightOf<J, R>, T>>

  /**
   * Pairs with equal keys in the same window, when the window is complete. Results carry the last timestamp of the
   * window. With windows that merge, the records of both streams make them grow.
   */
  windowJoin<R, O, const J extends JoinType = 'inner', M extends OnError = 'fail'>(
    name: string,
    right: KeyedStream<K, R, T>,
    options: WindowJoinOptions<T, J> & ErrorPolicy<M>,
    f: (left: LeftOf<J, V>, right: RightOf<J, R>, window: Window<T>, key: K) => O,
  ): Results<M, KeyedStream<K, O, T>, DeadPairs<K, LeftOf<J, V>, RightOf<J, R>, T>>

  /**
   * The records of both streams in one window, when it is complete: any number of results for each key and window that
   * has records, with the last timestamp of the window. Either array may be empty, but not both.
   */
  coGroup<R, O, M extends OnError = 'fail'>(
    name: string,
    right: KeyedStream<K, R, T>,
    window: Windows<T>,
    f: (lefts: readonly V[], rights: readonly R[], window: Window<T>, key: K) => Iterable<O>,
    options?: ErrorPolicy<M>,
  ): Results<M, KeyedStream<K, O, T>, DeadPairs<K, readonly V[], readonly R[], T>>

  /**
   * Each record with the row of its key in a table, which is the latest record of `table` at the moment: which one that
   * is depends on how the streams happen to be read. `temporalJoin` does not. A row of `undefined` takes the row away.
   * Rows are kept for `ttl` after their timestamps, or with `unbounded: true` as long as the job runs.
   */
  tableJoin<R, O, const J extends TableJoinType = 'inner', M extends OnError = 'fail'>(
    name: string,
    table: KeyedStream<K, R, T>,
    options: TableJoinOptions<T, J> & ErrorPolicy<M>,
    f: (value: V, row: RightOf<J, Exclude<R, undefined>>, key: K, timestamp: T) => O,
  ): Results<M, KeyedStream<K, O, T>, DeadPairs<K, V, RightOf<J, Exclude<R, undefined>>, T>>

  /**
   * Each record with the version of its key's row at the record's own time: the last record of `table` that is not later.
   * Records wait until the frontier has reached them, so that the result depends on timestamps alone. A version of
   * `undefined` says that there is no row from its time on. Versions that a later one has replaced go with the frontier;
   * the last one is valid for `ttl` after its timestamp, or with `unbounded: true` until there is another.
   */
  temporalJoin<R, O, const J extends TableJoinType = 'inner', M extends OnError = 'fail'>(
    name: string,
    table: KeyedStream<K, R, T>,
    options: TableJoinOptions<T, J> & ErrorPolicy<M>,
    f: (value: V, row: RightOf<J, Exclude<R, undefined>>, key: K, timestamp: T) => O,
  ): Results<M, KeyedStream<K, O, T>, DeadPairs<K, V, RightOf<J, Exclude<R, undefined>>, T>>
}
