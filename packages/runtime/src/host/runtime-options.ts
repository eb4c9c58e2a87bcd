import { checkOptionNames, type Job, MalstromError } from '@malstrom/core'
import { canCompile } from '../compile/compile-task.ts'
import { SNAPSHOT_TIMEOUT_MS } from '../coordinator/job-execution.ts'
import { toStandardError } from './to-standard-error.ts'

/** What all ways to run a job have in common. */
export interface RuntimeOptions {
  /**
   * `compiled`: each task becomes one generated function. `interpreted`: the same work without
   * generated code, several times slower. `auto`: compiled where the process allows code from strings.
   *
   * @default 'auto'
   */
  readonly tasks?: 'auto' | 'compiled' | 'interpreted'
  /**
   * How long a source or a sink may take to open, to flush or to close before the job fails with
   * `ERR_TIMEOUT`.
   *
   * @default 60_000
   */
  readonly waitLimitMs?: number
  /**
   * Time between two snapshots, in milliseconds. `Infinity`: only on demand and at the end.
   *
   * @default 10_000
   */
  readonly snapshotIntervalMs?: number
  /**
   * How long a snapshot may take, in milliseconds, until everything that belongs to it is durable. One that takes longer, because a sink is full
   * for example, is abandoned with `ERR_SNAPSHOT_TIMEOUT`, which says what it waited for; the job goes on, and the next one is
   * tried after `snapshotIntervalMs`. What sinks have staged for it goes into the next one; only if a sink cannot do that (it has `commit` and no `abandon`), the job goes back to its last snapshot.
   *
   * A rescale has as long until its marker has passed everything, and as long again until everything has moved. One that takes longer fails with
   * `ERR_TIMEOUT`, which says what it waited for, and the job goes back: to its last snapshot and the workers that it had, or, once the snapshot of the rescale
   * counts, to that and the new workers. `Infinity`: never.
   *
   * @default 600_000
   */
  readonly snapshotTimeoutMs?: number
  /** Go on from this snapshot and not from the last one. It must still be kept; the last three are. */
  readonly restoreVersion?: number
  /** Operators, sources and sinks that the job no longer has, whose saved state may be dropped. */
  readonly allowDropped?: readonly string[]
  /**
   * Operators whose keys may be of another kind than those of their saved states, strings in place of numbers for example. Otherwise a job all of whose
   * keys have become something else is refused at the first of them with `ERR_SNAPSHOT_MISMATCH`.
   */
  readonly allowMixedKeys?: readonly string[]
  /**
   * Told why the job has failed, whenever it goes back to its last snapshot.
   *
   * @default a line on standard error
   */
  readonly onRestart?: (cause: unknown) => void
  /**
   * Told when a snapshot that was due is abandoned, with the `ERR_SNAPSHOT_TIMEOUT`. One that was asked for rejects with it instead.
   *
   * @default a line on standard error
   */
  readonly onSnapshotAbandoned?: (error: unknown) => void
}

const COMMON = [
  'tasks',
  'waitLimitMs',
  'snapshotIntervalMs',
  'snapshotTimeoutMs',
  'restoreVersion',
  'allowDropped',
  'allowMixedKeys',
  'onRestart',
  'onSnapshotAbandoned',
]

/** The options with their defaults. @throws MalstromError `ERR_OPERATOR_ARGUMENT` */
export function checkRuntimeOptions(runtime: string, options: RuntimeOptions, others: readonly string[]) {
  const {
    tasks = 'auto',
    waitLimitMs = 60_000,
    snapshotIntervalMs = 10_000,
    snapshotTimeoutMs = SNAPSHOT_TIMEOUT_MS,
    restoreVersion,
    allowDropped = [],
    allowMixedKeys = [],
    onRestart: restarting = tellRestart,
    onSnapshotAbandoned: abandoned = tellAbandoned,
  } = options
  checkOptionNames(runtime, options, [...COMMON, ...others])
  if (!['auto', 'compiled', 'interpreted'].includes(tasks) || !(waitLimitMs > 0 && waitLimitMs < 2 ** 31)) {
    throw new MalstromError(
      'ERR_OPERATOR_ARGUMENT',
      `${runtime}: tasks is auto, compiled or interpreted (not ${tasks}); waitLimitMs is above 0 (not ${waitLimitMs}).`,
    )
  }
  for (const [name, value] of Object.entries({ snapshotIntervalMs, snapshotTimeoutMs })) {
    if (value > 0 && (value < 2 ** 31 || value === Number.POSITIVE_INFINITY)) continue
    throw new MalstromError('ERR_OPERATOR_ARGUMENT', `${runtime}: ${name} is above 0 (not ${value}).`)
  }
  const interpret = tasks === 'interpreted' || (tasks === 'auto' && !canCompile())
  return {
    interpret,
    waitLimitMs,
    snapshotIntervalMs,
    snapshotTimeoutMs,
    restoreVersion,
    allowDropped,
    allowMixedKeys,
    restarting,
    abandoned,
  }
}

function tellRestart(cause: unknown): void {
  toStandardError(`the job goes back to its last snapshot: ${textOf(cause)}`)
}

function tellAbandoned(error: unknown): void {
  toStandardError(textOf(error))
}

function textOf(error: unknown): string {
  return error instanceof MalstromError ? `${error.code}: ${error.message}` : String(error)
}

export function checkJob(job: unknown): void {
  if (typeof (job as Job | undefined)?.graph === 'function') return
  throw new MalstromError('ERR_JOB_INVALID', 'A runtime runs what defineJob returns, and was given something else.')
}
