import { type Execution, type Job, MalstromError, type ParamsOf, type PersistenceBackend, type Runtime } from '@malstrom/core'
import { checkWorkerCount } from '../coordinator/check-worker-count.ts'
import { JobExecution } from '../coordinator/job-execution.ts'
import { ThreadHost } from '../thread/thread-host.ts'
import { refuseDuringImport } from './import-guard.ts'
import { keepProcessAlive, nodeEnvironment } from './node-environment.ts'
import { checkJob, checkRuntimeOptions, type RuntimeOptions } from './runtime-options.ts'

export interface MultiThreadOptions extends RuntimeOptions {
  /** How many workers there are at first; each has a thread of its own. `Execution.rescale` changes their number. */
  readonly workers: number
  /**
   * A worker from which nothing has been heard for so long counts as lost, and the job goes back to its last snapshot: longer than any
   * function of the job may take for one record.
   *
   * @default 10_000
   */
  readonly workerSilenceMs?: number
  /**
   * Where state is kept, in place of the job's own `persistence`: every worker imports the module and calls its
   * `openState(location)`, which returns a persistence backend. Before that it calls `prepare(module)`, if there is one, with the
   * module of the job.
   */
  readonly state?: { readonly module: string; readonly location?: string }
}

/**
 * Runs jobs on several threads of this process. Each worker imports the module of the job and runs the whole graph on its share of the
 * partitions and keys. This thread coordinates them.
 */
export function multiThread(options: MultiThreadOptions): Runtime {
  const checked = checkRuntimeOptions('multiThread', options, ['workers', 'workerSilenceMs', 'state'])
  const { workers, workerSilenceMs = 10_000, state } = options
  checkWorkerCount('multiThread', workers)
  if (!(workerSilenceMs >= 1_000 && workerSilenceMs < 2 ** 31)) {
    throw new MalstromError('ERR_OPERATOR_ARGUMENT', `multiThread: workerSilenceMs is at least 1000 (not ${workerSilenceMs}).`)
  }
  const start = async <P>(job: Job<P>, ...[params]: ParamsOf<P>): Promise<Execution> => {
    checkJob(job)
    refuseDuringImport(job.name)
    const graph = () => job.graph(params as P)
    const backend = await backendOf(job as Job<unknown>, params, state)
    const host = new ThreadHost({
      job: job as Job<unknown>,
      params,
      environment: nodeEnvironment,
      interpret: checked.interpret,
      silenceMs: workerSilenceMs,
      setup: state?.module,
      state: state?.location,
      fingerprint: graph().fingerprint,
    })
    const execution = new JobExecution({
      ...checked,
      graph,
      environment: nodeEnvironment,
      backend,
      ownsBackend: true,
      cluster: { workers, host },
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

async function backendOf(job: Job<unknown>, params: unknown, state: MultiThreadOptions['state']): Promise<PersistenceBackend | undefined> {
  const backend =
    state?.location === undefined
      ? job.persistence?.(params)
      : await ((await import(state.module)) as { openState(location: string): Promise<PersistenceBackend> }).openState(state.location)
  if (backend?.onlyHere !== true) return backend
  throw new MalstromError(
    'ERR_STATE_LOCATION',
    `Job "${job.name}" keeps its state in the memory of one thread, where its other workers cannot see it. With several workers, use a disk, S3 or SlateDB.`,
    { context: { job: job.name } },
  )
}
