import type { JobGraph, WorkerId } from '@malstrom/core'
import type { Snapshot } from '../snapshot/snapshot.ts'
import type { Environment } from '../worker/environment.ts'
import type { StateStore } from './state-store.ts'
import type { WorkerHost } from './worker-host.ts'

export interface GenerationOptions {
  readonly graph: JobGraph
  readonly environment: Environment
  readonly waitLimitMs: number
  readonly host: WorkerHost
  /** The workers to begin with. */
  readonly workers: readonly WorkerId[]
  /** Whether there can be several workers. */
  readonly distributed: boolean
  /** Where state is kept; without it there are no snapshots. */
  readonly state: GenerationState | undefined
}

export interface GenerationState {
  readonly store: StateStore
  readonly restored: Snapshot | undefined
  readonly intervalMs: number
  /** Snapshots that take longer are abandoned. */
  readonly timeoutMs: number
  /** Operators whose keys may be of another kind than the restored ones. */
  readonly allowMixedKeys: readonly string[]
  /** Told when that happens to one that nobody has asked for. */
  abandoned(error: unknown): void
  /** Told when a snapshot counts. */
  committed(snapshot: Snapshot): void
}

/** What a snapshot is taken for. */
export interface SnapshotKind {
  /** Nothing is read after it. */
  readonly last: boolean
  /** The job has come to its end. */
  readonly finished: boolean
}
