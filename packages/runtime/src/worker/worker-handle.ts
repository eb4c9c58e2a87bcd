import type { Key, SnapshotVersion, WorkerId } from '@malstrom/core'
import type { Barrier, Reroute } from '../snapshot/barrier.ts'
import type { SinkSnapshot, SourcePartitionSnapshot, WorkerSnapshot } from '../snapshot/snapshot.ts'
import type { WorkerReport } from './worker-report.ts'
import type { WorkerStatus } from './worker-status.ts'

/** What the coordinator may ask of a worker, wherever it runs. */
export interface WorkerHandle {
  readonly id: WorkerId
  /** Settles when the worker has ended and everything of it is closed. */
  readonly finished: Promise<void>
  status(): WorkerStatus
  /** What its parts wait for. */
  explain(): Promise<WorkerReport>
  /** Takes a snapshot; resolves with what this worker contributes, when all of it is durable. */
  snapshot(barrier: Barrier): Promise<WorkerSnapshot>
  /**
   * Snapshot `version` is abandoned: it will never count, and what it has stopped goes on. Resolves with whether this worker works on as if
   * it had never been asked; `false` if a sink has staged something for it, so that the job has to go back.
   */
  abandonSnapshot(version: SnapshotVersion): Promise<boolean>
  /** Snapshot `version` counts: sinks make visible what they staged for it, sources hear of it. */
  committed(version: SnapshotVersion): Promise<void>
  /** Deletes segments of its own scope. */
  deleteSegments(paths: readonly string[]): Promise<void>
  /** Makes ready for a marker. */
  prepare(plan: ReroutePlan): Promise<void>
  /** A source partition that another worker has closed is read here from now on. */
  arrive(source: string, saved: SourcePartitionSnapshot): Promise<void>
  /** Reads a partition that was found while the job runs. Returns `false` if its source has come to its end here. */
  open(source: string, partition: Key): Promise<boolean>
  /** Resolves when everything that moves with the last marker is where it belongs, as far as this worker is concerned. */
  rerouted(): Promise<void>
  /** Closes the partitions of sinks that other workers write from now on. */
  releaseSinks(): Promise<void>
  /** Opens those that were written by others, and lets records go on that wait for them. */
  settleSinks(moved: readonly MovedSink[]): Promise<void>
  /** Closes everything at the end of the job. */
  finish(): Promise<void>
  /** Closes everything after a last snapshot. */
  suspend(): Promise<void>
  /** Stops reading, writes out what the sinks have, and closes everything. */
  cancel(): Promise<void>
  /** Lets go of the thread or process it ran in, when it has ended and nobody is connected with it any more. */
  release(): Promise<void>
  /** Ends because of something outside of it. */
  fail(error: unknown): void
}

/** What a worker tells the coordinator by itself. */
export interface WorkerEvents {
  /** Everything that was to be read has been read and processed here, as far as can be told with this version of the routing. */
  complete(routingVersion: number): void
  /** A source partition is closed here, because another worker is to read it. */
  left(source: string, to: WorkerId, saved: SourcePartitionSnapshot): void
}

/** What changes with a marker, for all workers. */
export interface ReroutePlan {
  readonly reroute: Reroute
  readonly moves: readonly PartitionMove[]
}

export interface PartitionMove {
  readonly source: string
  readonly partition: Key
  readonly from: WorkerId
  readonly to: WorkerId
}

export type MovedSink = Pick<SinkSnapshot, 'sink' | 'partitions'>
