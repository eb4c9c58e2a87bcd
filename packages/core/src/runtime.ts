import type { Explanation, JobState } from './explanation.ts'
import type { SnapshotVersion } from './identity.ts'
import type { Job, ParamsOf } from './job.ts'
import type { Key } from './key.ts'

/** Somewhere a job can run: one thread, many threads, many processes. */
export interface Runtime {
  /** Runs `job` until all sources are finished. */
  run<P>(job: Job<P>, ...params: ParamsOf<P>): Promise<void>
  /** Starts `job` and returns the handle to operate it. Rejects if the job cannot start. */
  start<P>(job: Job<P>, ...params: ParamsOf<P>): Promise<Execution>
}

/** A job that is running. Disposing of it (`await using`) cancels it, unless it is suspended or has ended. */
export interface Execution extends AsyncDisposable {
  /** Settles when the job ends and everything is closed: resolves on finish or cancel, rejects on failure. */
  readonly finished: Promise<void>
  status(): JobStatus
  /**
   * Why is nothing coming out? Asks every worker what its parts wait for: the partition that holds the frontier back, sinks that are
   * full, workers that do not answer, snapshots under way. A worker that does not answer within 2 seconds is reported as silent.
   */
  explain(): Promise<Explanation>
  /**
   * Takes a snapshot now. Resolves with its version when it is durable and the sinks have made visible
   * what they wrote before it. Rejects with `ERR_NO_PERSISTENCE` if the job has nowhere to keep state, and with
   * `ERR_SNAPSHOT_TIMEOUT`, which says what it waited for, if it takes longer than `snapshotTimeoutMs`.
   */
  snapshot(): Promise<SnapshotVersion>
  /**
   * Changes the number of workers while records flow: states, timers and partitions move to the workers that own
   * them from then on. Resolves when everything has moved. Rejects with `ERR_RESCALE` if the job cannot be rescaled,
   * and goes on unharmed then; and with `ERR_TIMEOUT`, which says what it waited for, if it takes longer than `snapshotTimeoutMs`: then the job goes back,
   * to its last snapshot and the workers that it had, or, once the snapshot of the rescale counts, to that and the new workers.
   */
  rescale(workers: number): Promise<void>
  /**
   * Takes a last snapshot and stops: nothing is read after it. The next start continues from it.
   * Resolves when everything is closed. Rejects with `ERR_SNAPSHOT_TIMEOUT` if the snapshot takes too long; the job goes on then.
   */
  suspend(): Promise<SnapshotVersion>
  /** Stops reading, flushes and closes the sinks, and ends the job. Resolves when all is closed. */
  cancel(): Promise<void>
}

export interface JobStatus {
  readonly job: string
  readonly state: JobState
  /** The last snapshot that is durable; `undefined` if there is none. */
  readonly snapshot: SnapshotVersion | undefined
  /** How often the job has gone back to a snapshot since it was started. */
  readonly restarts: number
  /** Records that sources have emitted so far. */
  readonly recordsIn: number
  /** Records that were written to sinks so far. */
  readonly recordsOut: number
  /** Records behind the frontier so far, over all operators: those that generate epochs, and those for which records of idle sources were late. */
  readonly late: number
  /** Records so far that were dropped because a function of the user threw, over all operators with `onError: 'skip'`. */
  readonly skipped: number
  /** The smallest frontier of all sinks that have heard of one; `undefined` before any has. */
  readonly frontier: unknown
  readonly sources: readonly SourceStatusReport[]
  readonly operators: readonly OperatorStatusReport[]
}

export interface SourceStatusReport {
  readonly source: string
  readonly partition: Key
  readonly recordsIn: number
  /**
   * `active`: it is being read. `idle`: it has nothing to read. `back-pressured`: it is not read,
   * because something downstream is full. `finished`: it has ended.
   */
  readonly state: 'active' | 'idle' | 'back-pressured' | 'finished'
  /** The partition's own frontier, if epochs are generated per partition. */
  readonly frontier: unknown
  /** Whether the partition is excluded from the merge of frontiers because it has been idle for long. */
  readonly excluded: boolean
}

export interface OperatorStatusReport {
  readonly operator: string
  readonly kind: string
  /** Records behind the frontier; 0 for operators for which no record can be late. */
  readonly late: number
  /** Records that were dropped because the function threw; 0 for operators without `onError: 'skip'`. */
  readonly skipped: number
  /** Keys with state; 0 for operators without state. */
  readonly keys: number
}
