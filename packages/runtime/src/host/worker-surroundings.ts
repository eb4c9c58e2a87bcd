import { assert, MalstromError, type PersistenceBackend, type Transport } from '@malstrom/core'
import type { WorkerSurroundings } from '../worker/start-worker.ts'
import { findJob } from './find-job.ts'
import { importJobModule } from './import-guard.ts'

/** What a worker is told that runs in a thread or process of its own. */
export interface WorkerData {
  /** A module whose `openState(location)` opens `state`. */
  readonly setup: string | undefined
  /** The module of the job, and its name there. */
  readonly module: string
  readonly job: string
  readonly params: unknown
  /** Where the job keeps its state, in place of its own `persistence`. */
  readonly state: string | undefined
  readonly interpret: boolean
  readonly fingerprint: string
}

/** Imports the job, builds its graph, and opens the place of its state. */
export async function workerSurroundings(
  data: WorkerData,
  transport: Transport,
): Promise<Omit<WorkerSurroundings, 'environment' | 'events'>> {
  const job = findJob(data.module, await importJobModule(data.module), data.job)
  const graph = job.graph(data.params)
  if (graph.fingerprint !== data.fingerprint) throw differs(data.job, data.module)
  return { graph, interpret: data.interpret, backend: await backendOf(data, job.persistence), transport }
}

async function backendOf(
  { setup, state, params }: WorkerData,
  persistence: ((params: unknown) => PersistenceBackend) | undefined,
): Promise<PersistenceBackend | undefined> {
  if (state === undefined) return persistence?.(params)
  assert(setup !== undefined, 'who names a state location says how it is opened')
  const { openState } = (await import(setup)) as { openState(location: string): Promise<PersistenceBackend> }
  return openState(state)
}

function differs(job: string, module: string): MalstromError {
  return new MalstromError(
    'ERR_JOB_INVALID',
    `A worker has built another graph for job "${job}" than the coordinator, from ${module}. The build function must do the same on every worker: nothing random, no time, no environment that differs.`,
    { context: { job, path: module } },
  )
}
