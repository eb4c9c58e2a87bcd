import type { SnapshotVersion, WorkerId } from '@malstrom/core'

/** Flows through the job from its sources to its sinks: the snapshot is of what was before it. */
export interface Barrier {
  readonly version: SnapshotVersion
  /** Sources send nothing after it: the job is going to stop. */
  readonly last: boolean
  /** Set if records take another way from here on, because the workers change: the barrier is then called a marker. */
  readonly route?: Reroute | undefined
}

/** A change of the workers of a job. */
export interface Reroute {
  /** The version of the routing that begins with it. */
  readonly version: number
  readonly from: readonly WorkerId[]
  readonly to: readonly WorkerId[]
}
