import type { SnapshotVersion } from '@malstrom/core'

/**
 * What a snapshot holds of one lane of an exactly-once sink: the output that may not be in Kafka yet,
 * and how to find out.
 */
export interface LaneState {
  /** The token of the last interval that was known to be in Kafka; `undefined` if there was none. */
  readonly written: string | undefined
  /** An offset of the commit topic at or before the marker of `written`. */
  readonly markerOffset: number
  /** In order. More than one only if a snapshot was not followed by its commit. */
  readonly pending: readonly StagedInterval[]
}

/** The output between two snapshots. */
export interface StagedInterval {
  readonly version: SnapshotVersion
  /** Random, never the version: versions come again when state is wiped or an older snapshot restored. */
  readonly token: string
  readonly batches: readonly StagedBatch[]
}

/** A batch of records for one partition of the topic, as `UnsealedBatch` of the port. */
export interface StagedBatch {
  readonly partition: number
  readonly bytes: Uint8Array
  readonly count: number
}
