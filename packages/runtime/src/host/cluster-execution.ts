import { type Execution, type Job, MalstromError, type ParamsOf, type PersistenceBackend, type Runtime } from '@malstrom/core'
import { JobExecution } from '../coordinator/job-execution.ts'
import type { WorkerHost } from '../coordinator/worker-host.ts'
import { refuseDuringImport } from './import-guard.ts'
import { keepProcessAlive, nodeEnvironment } from './node-environment.ts'
import { checkJob, type checkRuntimeOptions } from './runtime-options.ts'
import type { WorkerData } from './worker-surroundings.ts'

/** Where a job keeps its state, in place of its own `persistence`, if its workers are to know too. */
export interface StateLocation {
  /**
   * Every worker imports it and calls its `openState(location)`, which returns a persistence backend. Before that it calls
   * `prepare(module)`, if there is one, with the module of the job.
   */
  readonly module: string
  readonly location?: string
}

export interface ClusterStart {
  readonly job: Job<unknown>
  readonly params: unknown
  readonly checked: ReturnType<typeof checkRuntimeOptions>
  readonly workers: number
  readonly state: StateLocation | undefined
  /** The place where the workers run. */
  host(data: WorkerData): WorkerPlace
}

/** Where workers run, from its opening to its end. */
export interface WorkerPlace extends WorkerHost {
  /** Opens what others have to reach, before the job claims anything. */
  open?(): Promise<void>
  /** The job has started. */
  serve?(execution: Execution): void
  /** The job has ended; `failure` is why, if it has failed. */
  close?(failure: unknown): Promise<void>
}

/** A runtime whose jobs have their workers in places of its own. */
export function clusterRuntime(options: Omit<ClusterStart, 'job' | 'params'>): Runtime {
  const start = async <P>(job: Job<P>, ...[params]: ParamsOf<P>) => {
    checkJob(job)
    refuseDuringImport(job.name)
    return startCluster({ ...options, job: job as Job<unknown>, params })
  }
  return { start, run: async (job, ...params) => (await start(job, ...params)).finished }
}

/** Starts a job whose workers run elsewhere, coordinated by this thread. */
async function startCluster({ job, params, checked, workers, state, host }: ClusterStart): Promise<Execution> {
  const graph = () => job.graph(params)
  const backend = await backendOf(job, params, state)
  const data: WorkerData = {
    module: job.module,
    job: job.name,
    params: copied(job.name, params),
    setup: state?.module,
    state: state?.location,
    interpret: checked.interpret,
    fingerprint: graph().fingerprint,
  }
  const place = host(data)
  const release = keepProcessAlive()
  const ended = async (failure: unknown) => {
    // What could not be removed is left; the job has ended.
    await place.close?.(failure).catch(() => {})
    release()
  }
  const options = { ...checked, graph, environment: nodeEnvironment, backend, ownsBackend: true, cluster: { workers, host: place }, ended }
  try {
    await place.open?.()
  } catch (error) {
    await backend?.close()
    await ended(error)
    throw error
  }
  const execution = new JobExecution(options)
  try {
    await execution.start()
  } catch (error) {
    await ended(error)
    throw error
  }
  place.serve?.(execution)
  return execution
}

async function backendOf(job: Job<unknown>, params: unknown, state: StateLocation | undefined): Promise<PersistenceBackend | undefined> {
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

/** Params travel to the threads as copies. */
function copied(job: string, params: unknown): unknown {
  try {
    return structuredClone(params)
  } catch (cause) {
    throw new MalstromError(
      'ERR_JOB_INVALID',
      `The params of job "${job}" cannot be copied to its workers: ${(cause as Error).message}. Params are data; what is none belongs into the module of the job.`,
      { cause, context: { job } },
    )
  }
}
