import { checkOptionNames, type Job, MalstromError } from '@malstrom/core'
import { canCompile } from '../compile/compile-task.ts'

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
  /** Go on from this snapshot and not from the last one. It must still be kept; the last three are. */
  readonly restoreVersion?: number
  /** Operators, sources and sinks that the job no longer has, whose saved state may be dropped. */
  readonly allowDropped?: readonly string[]
  /**
   * Told why the job has failed, whenever it goes back to its last snapshot.
   *
   * @default a line on standard error
   */
  readonly onRestart?: (cause: unknown) => void
}

const COMMON = ['tasks', 'waitLimitMs', 'snapshotIntervalMs', 'restoreVersion', 'allowDropped', 'onRestart']

/** The options with their defaults. @throws MalstromError `ERR_OPERATOR_ARGUMENT` */
export function checkRuntimeOptions(runtime: string, options: RuntimeOptions, others: readonly string[]) {
  const {
    tasks = 'auto',
    waitLimitMs = 60_000,
    snapshotIntervalMs = 10_000,
    restoreVersion,
    allowDropped = [],
    onRestart: restarting = tellRestart,
  } = options
  checkOptionNames(runtime, options, [...COMMON, ...others])
  if (!['auto', 'compiled', 'interpreted'].includes(tasks) || !(waitLimitMs > 0 && waitLimitMs < 2 ** 31)) {
    throw new MalstromError(
      'ERR_OPERATOR_ARGUMENT',
      `${runtime}: tasks is auto, compiled or interpreted (not ${tasks}); waitLimitMs is above 0 (not ${waitLimitMs}).`,
    )
  }
  if (!(snapshotIntervalMs > 0 && (snapshotIntervalMs < 2 ** 31 || snapshotIntervalMs === Number.POSITIVE_INFINITY))) {
    throw new MalstromError('ERR_OPERATOR_ARGUMENT', `${runtime}: snapshotIntervalMs is above 0 (not ${snapshotIntervalMs}).`)
  }
  const interpret = tasks === 'interpreted' || (tasks === 'auto' && !canCompile())
  return { interpret, waitLimitMs, snapshotIntervalMs, restoreVersion, allowDropped, restarting }
}

function tellRestart(cause: unknown): void {
  const text = cause instanceof MalstromError ? `${cause.code}: ${cause.message}` : String(cause)
  process.stderr.write(`malstrom: the job goes back to its last snapshot: ${text}\n`)
}

export function checkJob(job: unknown): void {
  if (typeof (job as Job | undefined)?.graph === 'function') return
  throw new MalstromError('ERR_JOB_INVALID', 'A runtime runs what defineJob returns, and was given something else.')
}
