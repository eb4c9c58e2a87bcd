import type { Key, Sink } from '@malstrom/core'
import type { ExternalSystem } from './external-system.ts'

export interface SinkSuiteOptions<V, K, T, P extends Key, S, W = void> extends ExternalSystem<W> {
  /**
   * Makes the sink over the external system. Called again for every restart, so two of them share
   * nothing but `system`.
   */
  create(system: W): Sink<V, K, T, P, S> | Promise<Sink<V, K, T, P, S>>
  /** What is written, in order. Different values are needed to tell an order, several partitions to tell these apart. */
  readonly records: readonly SinkRecord<V, K, T>[]
  /**
   * What a reader of the external system sees in `partition`, in order; nothing if the partition does
   * not exist yet. The partition of a sink without `partitionOf` is `'all'`.
   */
  read(system: W, partition: P): Promise<readonly unknown[]> | readonly unknown[]
  /** What a reader sees of one record. @default its value */
  visible?(record: SinkRecord<V, K, T>): unknown
  /**
   * What the sink promises its readers. `exactly-once` needs `commit`, and adds two checks: nothing can be
   * read before it is committed, and no crash leaves a record twice. @default 'at-least-once'
   */
  readonly delivery?: 'at-least-once' | 'exactly-once'
}

export interface SinkRecord<V, K, T> {
  readonly value: V
  /** `undefined` on streams without keys. */
  readonly key: K
  readonly timestamp: T
}
