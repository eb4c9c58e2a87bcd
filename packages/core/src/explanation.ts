import type { SnapshotVersion } from './identity.ts'
import type { Key } from './key.ts'

/** How a job stands. `restarting`: it has failed, and goes back to its last snapshot. */
export type JobState = 'running' | 'restarting' | 'finished' | 'cancelled' | 'suspended' | 'failed'

/**
 * Why nothing, or not everything, comes out of a job: what its parts wait for at this moment. Everything is told by the parts
 * themselves when they are asked, so that a job which nobody asks pays nothing for it.
 */
export interface Explanation {
  readonly job: string
  readonly state: JobState
  /** As in `JobStatus`. */
  readonly frontier: unknown
  readonly snapshot: SnapshotExplanation
  /** What is in the way, the most likely reason first. */
  readonly findings: readonly Finding[]
  /** All of it for people, one line for each thing. */
  readonly text: string
}

export interface SnapshotExplanation {
  /** The last one that is durable; `undefined` if there is none. */
  readonly version: SnapshotVersion | undefined
  /** How old it is, in milliseconds; `undefined` if there is none. */
  readonly ageMs: number | undefined
  /** The one under way, since how many milliseconds, and what it waits for. */
  readonly underWay: { readonly version: SnapshotVersion; readonly forMs: number; readonly waitsFor: readonly string[] } | undefined
}

/**
 * What kind of thing is in the way.
 *
 * - `not-running`: the job has ended, or goes back to its last snapshot.
 * - `worker-silent`: a worker does not answer.
 * - `back-pressure`: a sink takes no records, so what feeds it stands still.
 * - `credits`: a worker has not taken what was sent to it over an exchange.
 * - `snapshot`: a snapshot is under way, and waits for something.
 * - `no-epochs`: an operator or a sink needs epochs, and a source that leads to it has none before its end.
 * - `frontier`: what holds the frontier back.
 * - `waiting`: an operator keeps something back until it is complete, such as a window.
 * - `idle`: a partition of a source has nothing to read.
 * - `late`, `skipped`: records that did not go the usual way.
 */
export type FindingKind =
  | 'not-running'
  | 'worker-silent'
  | 'back-pressure'
  | 'credits'
  | 'snapshot'
  | 'no-epochs'
  | 'frontier'
  | 'waiting'
  | 'idle'
  | 'late'
  | 'skipped'

/** One thing that is in the way. Fields that do not apply are absent. */
export interface Finding {
  readonly kind: FindingKind
  /** A sentence for people. */
  readonly message: string
  readonly worker?: number
  /** The source, operator or sink it is about. */
  readonly operator?: string
  readonly partition?: Key
  /** The frontier of the partition, or the epoch that is waited for. */
  readonly frontier?: unknown
  /** For how long it has been so, in milliseconds. */
  readonly forMs?: number
  /** Records, windows, entries: whatever the message counts. */
  readonly count?: number
  /** The worker that is waited for. */
  readonly toWorker?: number
}

/** What an operator keeps back, told by its `explain`. */
export interface OperatorWait {
  /** `epoch`: for the frontier to reach `until`; `time`: for processing time; `record`: for other records; `answer`: for a call. */
  readonly waitsFor: 'epoch' | 'time' | 'record' | 'answer'
  /** What is kept back, in the plural: `windows`, `entries`, `calls`. */
  readonly what: string
  /** How many of them. */
  readonly count: number
  /** The epoch, or the time, that the first of them waits for; absent if there is none. */
  readonly until?: unknown
}
