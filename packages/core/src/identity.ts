/** Index of a worker within its job. Never reused for another worker while the job runs. */
export type WorkerId = number

/** Stable 32-bit hash of the unique operator name: the address of the operator's state across restarts. */
export type OperatorId = number

/** Grows by one with each snapshot barrier. */
export type SnapshotVersion = number

/** Counts the starts of a job; commits of an older generation are refused. */
export type Generation = number

/** Who opens a source or sink partition. At any time a partition has one opener. */
export interface PartitionContext {
  readonly job: string
  readonly operator: string
  readonly worker: WorkerId
  readonly generation: Generation
}
