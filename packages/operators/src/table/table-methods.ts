import type { Widen } from '@malstrom/core'
import type { ErrorPolicy, OnError, Results } from '../error-policy/on-error.ts'
import type { TtlOptions } from '../keyed/state-ttl.ts'
import type { DeadKeyed, KeyedStream } from '../stream/keyed-stream.ts'
import type { Change } from './change.ts'
import type { Ordered } from './ordered.ts'
import type { Table } from './table.ts'
import type { TopOptions } from './top-rows.ts'

export interface DistinctOptions<K, V, T> extends TtlOptions<T> {
  /** Tells records of a key apart. @default all records of a key are the same */
  readonly by?: (value: V, key: K, timestamp: T) => string | number | bigint | boolean
}

/** Running aggregates of keyed streams, and the ways from streams to tables. */
export interface TableMethods<K, V, T> {
  /** Emits how many records the key has had, for every record. */
  count(name: string, options?: TtlOptions<T>): KeyedStream<K, number, T>

  /**
   * Emits the sum of the key so far, for every record: exact for integers within 2 ** 53, and for bigints. `of` must
   * return either numbers or bigints, and never `NaN`.
   */
  sum<N extends number | bigint, M extends OnError = 'fail'>(
    name: string,
    of: (value: V, key: K, timestamp: T) => N,
    options?: TtlOptions<T> & ErrorPolicy<M>,
  ): Results<M, KeyedStream<K, Widen<N>, T>, DeadKeyed<K, V, T>>

  /** Emits the arithmetic mean of the key so far, for every record. */
  average<M extends OnError = 'fail'>(
    name: string,
    of: (value: V, key: K, timestamp: T) => number | bigint,
    options?: TtlOptions<T> & ErrorPolicy<M>,
  ): Results<M, KeyedStream<K, number, T>, DeadKeyed<K, V, T>>

  /** Emits the smallest of the key so far, for every record. */
  min<O extends Ordered, M extends OnError = 'fail'>(
    name: string,
    of: (value: V, key: K, timestamp: T) => O,
    options?: TtlOptions<T> & ErrorPolicy<M>,
  ): Results<M, KeyedStream<K, Widen<O>, T>, DeadKeyed<K, V, T>>

  /** Emits the largest of the key so far, for every record. */
  max<O extends Ordered, M extends OnError = 'fail'>(
    name: string,
    of: (value: V, key: K, timestamp: T) => O,
    options?: TtlOptions<T> & ErrorPolicy<M>,
  ): Results<M, KeyedStream<K, Widen<O>, T>, DeadKeyed<K, V, T>>

  /**
   * Passes the first record of each key, or of each value of `by` within a key, in the order in which they come. With
   * `ttl` what was seen is forgotten when the frontier has reached the timestamp of the record that passed plus `ttl`.
   */
  distinct<M extends OnError = 'fail'>(
    name: string,
    options?: DistinctOptions<K, V, T> & ErrorPolicy<M>,
  ): Results<M, KeyedStream<K, V, T>, DeadKeyed<K, V, T>>
  /** The same as `distinct`. */
  deduplicate<M extends OnError = 'fail'>(
    name: string,
    options?: DistinctOptions<K, V, T> & ErrorPolicy<M>,
  ): Results<M, KeyedStream<K, V, T>, DeadKeyed<K, V, T>>

  /**
   * Keeps the `n` records of each key for which `by` is largest, and emits for every record what that changes, at
   * once: the record that has come in, behind the one that it has driven out. Of equal ones the first that came stays.
   * `n` is at most 100,000. Where results of several keys must fit together, use `rows(name).topN(...)`.
   */
  topN<M extends OnError = 'fail'>(
    name: string,
    n: number,
    by: (value: V, key: K, timestamp: T) => Ordered,
    options?: TopOptions & ErrorPolicy<M>,
  ): Results<M, KeyedStream<K, Change<V>, T>, DeadKeyed<K, V, T>>

  /** A table to which every record adds a row. */
  rows(name: string): Table<K, V, T>

  /**
   * A table of the latest value per key, by timestamp; of equal timestamps the one that came last. A value of
   * `undefined` deletes the row. With `ttl` a row goes `ttl` after it was written, unless it is written again.
   */
  table(name: string, options?: TtlOptions<T>): Table<K, Exclude<V, undefined>, T>
}
