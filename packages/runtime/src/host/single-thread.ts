import {
  checkOptionNames,
  type Execution,
  type Job,
  MalstromError,
  type ParamsOf,
  type PersistenceBackend,
  type Runtime,
} from '@malstrom/core'
import { canCompile } from '../compile/compile-task.ts'
import { JobExecution } from '../coordinator/job-execution.ts'
import { keepProcessAlive, nodeEnvironment } from './node-environment.ts'

export interface SingleThreadOptions {
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
  /** Where state is kept, in place of the job's own `persistence`. */
  readonly persistence?: PersistenceBackend
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
}

/** Runs jobs in this thread. Several jobs may run at the same time; they share the thread. */
export function singleThread(options: SingleThreadOptions = {}): Runtime {
  const { tasks = 'auto', waitLimitMs = 60_000, snapshotIntervalMs = 10_000, restoreVersion, allowDropped = [] } = options
  checkOptionNames('singleThread', options, ['tasks', 'waitLimitMs', 'persistence', 'snapshotIntervalMs', 'restoreVersion', 'allowDropped'])
  if (!['auto', 'compiled', 'interpreted'].includes(tasks) || !(waitLimitMs > 0 && waitLimitMs < 2 ** 31)) {
    throw new MalstromError(
      'ERR_OPERATOR_ARGUMENT',
      `singleThread: tasks is auto, compiled or interpreted (not ${tasks}); waitLimitMs is above 0 (not ${waitLimitMs}).`,
    )
  }
  if (!(snapshotIntervalMs > 0 && (snapshotIntervalMs < 2 ** 31 || snapshotIntervalMs === Number.POSITIVE_INFINITY))) {
    throw new MalstromError('ERR_OPERATOR_ARGUMENT', `singleThread: snapshotIntervalMs is above 0 (not ${snapshotIntervalMs}).`)
  }
  const start = async <P>(job: Job<P>, ...[params]: ParamsOf<P>): Promise<Execution> => {
    checkJob(job)
    const execution = new JobExecution({
      graph: () => job.graph(params as P),
      environment: nodeEnvironment,
      waitLimitMs,
      interpret: tasks === 'interpreted' || (tasks === 'auto' && !canCompile()),
      backend: options.persistence ?? job.persistence?.(params as P),
      ownsBackend: options.persistence === undefined,
      snapshotIntervalMs,
      restoreVersion,
      allowDropped,
      ended: () => release(),
    })
    const release = keepProcessAlive()
    try {
      await execution.start()
    } catch (error) {
      release()
      throw error
    }
    return execution
  }
  return {
    start,
    run: async (job, ...params) => (await start(job, ...params)).finished,
  }
}

function checkJob(job: unknown): void {
  if (typeof (job as Job | undefined)?.graph === 'function') return
  throw new MalstromError('ERR_JOB_INVALID', 'A runtime runs what defineJob returns, and was given something else.')
}
