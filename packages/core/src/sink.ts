import type { PartitionContext, SnapshotVersion } from './identity.ts'
import type { Key } from './key.ts'

/**
 * An external system that records are written to, divided into partitions that can move between workers.
 *
 * `V` value, `K` key (`undefined` on streams without keys), `T` timestamp, `P` partition, `S` what a
 * partition needs to continue after a restart.
 */
export interface Sink<V, K, T, P extends Key = string, S = unknown> {
  /**
   * Which partition takes this record. Must be pure. Partitions open on first use. Leave it out if
   * there is only one, whose key is then `'all'`.
   */
  partitionOf?(value: V, key: K, timestamp: T): P
  /**
   * It keeps nothing, and it does not matter who writes: every worker opens the partitions of its own
   * records by itself. Otherwise records go to the one worker that has their partition open.
   *
   * @default false
   */
  readonly stateless?: boolean
  openPartition(
    partition: P,
    state: S | undefined,
    context: PartitionContext,
  ): Promise<SinkPartition<V, K, T, S>> | SinkPartition<V, K, T, S>
}

export interface SinkPartition<V, K, T, S> {
  /** Takes one record, usually into a buffer. Never waits. The partition writes its buffer out by itself. */
  write(value: V, key: K, timestamp: T): void
  /** True while the buffer is full: the worker awaits `flush` before it writes again. */
  readonly saturated: boolean
  /** Resolves when everything written so far is safe in the external system, or staged there. */
  flush(): Promise<void>
  /** What is needed to continue, or to commit, after a restart. Called right after `flush`. */
  snapshot(version: SnapshotVersion): S
  /**
   * `version` is durable on every worker: make what it staged visible. Idempotent, because it is
   * called again after a restart with the state of `version`. A version that never became durable may
   * be used again by a later generation. Leave it out for at-least-once.
   */
  commit?(version: SnapshotVersion): Promise<void>
  /**
   * `version`, for which `snapshot` was called, is abandoned: it took too long somewhere, and will never be durable. What it staged
   * belongs to the next snapshot from now on, in front of what was written since: the state of that one names both, and its commit makes
   * both visible. Must not wait; a `flush` may be under way. Several versions may be abandoned one after the other.
   * Leave it out if what is staged for one version cannot be committed with another: the job then goes back to its last snapshot instead.
   * Without `commit` there is nothing to keep, and it is not called. (Flink's `TwoPhaseCommitSinkFunction` keeps the transactions of
   * checkpoints that were not completed in the same way.)
   */
  abandon?(version: SnapshotVersion): void
  /** Releases connections; a second call does nothing. What was written and not flushed may be dropped. */
  close(): Promise<void> | void
}
