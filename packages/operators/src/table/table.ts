import type { Key, Partitioner, Widen } from '@malstrom/core'
import type { DeadLetter, ErrorPolicy, OnError, Results } from '../error-policy/on-error.ts'
import type { KeyDistributeOptions, KeyedStream } from '../stream/keyed-stream.ts'
import type { Change, Upsert } from './change.ts'
import type { Ordered } from './ordered.ts'
import type { TopOptions } from './top-rows.ts'

/** The dead letters of an operator of a table, with the keys that the changes came with. */
type DeadChanges<K, V, T> = KeyedStream<K, DeadLetter<Change<V>, K, T>, T>

/**
 * Rows that change in the course of event time, as a stream of changes per key: what `KeyedStream.rows`, `table` and
 * `asTable` begin. The verbs keep their results right when rows change or go: they retract what they had said.
 *
 * Results come when the frontier passes, for each timestamp by itself: at most one row of a key is replaced per
 * timestamp, whatever the order in which its records came. So tables are internally consistent: up to any epoch that
 * has passed, all tables tell of the same changes, and a sum of debits and credits of the same timestamp is 0 at every
 * epoch. On a stream without epochs results come at the end.
 *
 * Rows that are equal by value are the same row. Functions must be pure: they see a row when it comes and when it goes. With
 * `{ onError }` a row for which one throws is left out, and what comes as a dead letter is the change.
 */
export interface Table<K, V, T> {
  /** Another row for each row. */
  map<O, M extends OnError = 'fail'>(
    name: string,
    f: (row: V, key: K, timestamp: T) => O,
    options?: ErrorPolicy<M>,
  ): Results<M, Table<K, O, T>, DeadChanges<K, V, T>>
  /** The rows for which `predicate` is true. */
  filter<O extends V, M extends OnError = 'fail'>(
    name: string,
    predicate: (row: V, key: K) => row is O,
    options?: ErrorPolicy<M>,
  ): Results<M, Table<K, O, T>, DeadChanges<K, V, T>>
  filter<M extends OnError = 'fail'>(
    name: string,
    predicate: (row: V, key: K) => boolean,
    options?: ErrorPolicy<M>,
  ): Results<M, Table<K, V, T>, DeadChanges<K, V, T>>

  /**
   * Gives every row another key, and moves it to the worker that owns that. A key may have any number of rows.
   *
   * @param how Which worker owns a key (a partitioner), or options. @default rendezvousSelect
   */
  groupBy<const KO extends Key, M extends OnError = 'fail'>(
    name: string,
    key: (row: V, key: K) => KO,
    how?: Partitioner<KO> | Omit<KeyDistributeOptions<KO, M>, 'combine'>,
  ): Results<M, Table<Widen<KO>, V, T>, DeadChanges<K, V, T>>

  /** How many rows each key has; a key without rows has no count. */
  count(name: string): Table<K, number, T>
  /**
   * The sum over the rows of each key: exact for integers within 2 ** 53, and for bigints. Sums of fractions keep the
   * rounding errors of rows that have gone, until the key has no row any more.
   */
  sum<N extends number | bigint, M extends OnError = 'fail'>(
    name: string,
    of: (row: V, key: K) => N,
    options?: ErrorPolicy<M>,
  ): Results<M, Table<K, Widen<N>, T>, DeadChanges<K, V, T>>
  /** The arithmetic mean over the rows of each key. */
  average<M extends OnError = 'fail'>(
    name: string,
    of: (row: V, key: K) => number | bigint,
    options?: ErrorPolicy<M>,
  ): Results<M, Table<K, number, T>, DeadChanges<K, V, T>>
  /** The smallest over the rows of each key. Keeps a value per row, because any may go. */
  min<O extends Ordered, M extends OnError = 'fail'>(
    name: string,
    of: (row: V, key: K) => O,
    options?: ErrorPolicy<M>,
  ): Results<M, Table<K, Widen<O>, T>, DeadChanges<K, V, T>>
  /** The largest over the rows of each key. Keeps a value per row, because any may go. */
  max<O extends Ordered, M extends OnError = 'fail'>(
    name: string,
    of: (row: V, key: K) => O,
    options?: ErrorPolicy<M>,
  ): Results<M, Table<K, Widen<O>, T>, DeadChanges<K, V, T>>
  /** Each row of a key once, however many equal ones there are. */
  distinct(name: string): Table<K, V, T>
  /** The `n` rows of each key for which `by` is largest; of equal ones those with the earliest timestamps. Keeps all rows. */
  topN<M extends OnError = 'fail'>(
    name: string,
    n: number,
    by: (row: V, key: K) => Ordered,
    options?: TopOptions & ErrorPolicy<M>,
  ): Results<M, Table<K, V, T>, DeadChanges<K, V, T>>

  /** The changes themselves. Not an operator, so it has no name. */
  changes(): KeyedStream<K, Change<V>, T>
  /**
   * For sinks that replace by key: per key and timestamp the row that the key has now, or `undefined` if it has none
   * any more. Fails with `ERR_RECORD_INVALID` for a key with several rows.
   */
  toUpserts(name: string): KeyedStream<K, Upsert<K, V>, T>
}
