import type { PartitionContext, SnapshotVersion } from './identity.ts'
import type { Key } from './key.ts'
import type { TimestampAlgebra } from './timestamp.ts'

/**
 * An external system that records are read from, divided into partitions that can move between
 * workers. The shape follows Flink's `SourceReader`: `poll` never waits, `ready` says when to poll.
 *
 * `V` value, `T` timestamp, `P` partition, `S` position within a partition.
 */
export interface Source<V, T, P extends Key = string, S = unknown> {
  /** The algebra of the timestamps this source emits. */
  readonly time: TimestampAlgebra<T>
  /**
   * How often `listPartitions` is asked again while the job runs, in milliseconds: partitions that are new are read from then
   * on, from their beginning. Never if absent.
   */
  readonly discoveryMs?: number
  /** Every partition there is. */
  listPartitions(): Promise<readonly P[]> | readonly P[]
  /** Opens `partition` after the position in `state`, or where the source begins if there is none. */
  openPartition(partition: P, state: S | undefined, context: SourceContext): Promise<SourcePartition<V, T, S>> | SourcePartition<V, T, S>
}

/** Who opens a partition of a source, and how it came to be known. */
export interface SourceContext extends PartitionContext {
  /**
   * The partition was not there when the job began to read the source, so all of it is new: read it from its beginning, also if
   * the source was to begin at its end. @default false
   */
  readonly discovered?: boolean
}

/** `more`: call again soon. `idle`: wait for `ready()`. `finished`: never call again. */
export type SourceStatus = 'more' | 'idle' | 'finished'

export interface SourcePartition<V, T, S> {
  /** Emits up to `limit` records that are already in memory. Never waits, and emits nothing after it returns. */
  poll(output: SourceOutput<V, T>, limit: number): SourceStatus
  /** Resolves when `poll` is worth calling again; rejects if the source is lost. Called only after `idle`. */
  ready(): Promise<void>
  /** The position after the last emitted record. Called between two polls. */
  snapshot(): S
  /** `version`, and with it the position that `snapshot()` returned for it, is durable on every worker. */
  committed?(version: SnapshotVersion): void
  /**
   * Releases connections, also while `ready` is pending. Called on finish, on suspend, on failure, and
   * before a move to another worker; a second call does nothing.
   */
  close(): Promise<void> | void
}

export interface SourceOutput<V, T> {
  emit(value: V, timestamp: T): void
  /**
   * Emits `values[start]` to `values[end - 1]`; `timestamps[i]` belongs to `values[start + i]`. Much
   * faster than one `emit` each. Once per `poll` and not together with `emit`; `end - start` is at
   * most the limit of the poll. The arrays must not change until the next `poll`.
   */
  emitAll(values: readonly V[], start: number, end: number, timestamps: ArrayLike<T>): void
  /** `emitAll` with the timestamps `first`, `first + 1` and so on, where those are positions. The fastest way of all. */
  emitIndexed(values: readonly V[], start: number, end: number, first: number): void
}
