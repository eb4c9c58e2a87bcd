import type { SnapshotVersion } from '@malstrom/core'

/** Flows through the job from its sources to its sinks: the snapshot is of what was before it. */
export interface Barrier {
  readonly version: SnapshotVersion
  /** Sources send nothing after it: the job is going to stop. */
  readonly last: boolean
}
