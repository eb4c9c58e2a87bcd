import type { JobGraph, JobStatus } from '@malstrom/core'
import { defineJob, type Flow } from '@malstrom/operators'
import type { TaskForm } from './task-forms.ts'
import { VirtualEnvironment } from './virtual-environment.ts'

/** What the runtime's worker is, as far as a test plays with it. */
export interface PlayableWorker {
  readonly finished: Promise<void>
  start(): Promise<void>
  cancel(): Promise<void>
  status(): Omit<JobStatus, 'state' | 'snapshot' | 'restarts'> & { readonly state: string }
}

export interface PlayableWorkerOptions {
  readonly graph: JobGraph
  readonly workerId: number
  readonly generation: number
  readonly environment: VirtualEnvironment
  readonly waitLimitMs: number
  readonly interpret: boolean
}

export interface PlayOptions<W extends PlayableWorker> {
  /** Makes the worker: `(options) => new Worker(options)`. */
  readonly worker: (options: PlayableWorkerOptions) => W
  /** @default 'compiled' */
  readonly form?: TaskForm
  /** @default 1_000 */
  readonly waitLimitMs?: number
}

export interface PlayedJob<W extends PlayableWorker> {
  readonly worker: W
  readonly environment: VirtualEnvironment
}

/** Starts a job on a worker in virtual time, and lets it do what it can at once. */
export async function playJob<W extends PlayableWorker>(options: PlayOptions<W>, build: (flow: Flow) => void): Promise<PlayedJob<W>> {
  const job = defineJob({ name: 'play', module: import.meta.url, build: (flow) => build(flow) })
  const environment = new VirtualEnvironment()
  const worker = options.worker({
    graph: job.graph(),
    workerId: 0,
    generation: 1,
    environment,
    waitLimitMs: options.waitLimitMs ?? 1_000,
    interpret: options.form === 'interpreted',
  })
  await worker.start()
  await environment.settle()
  return { worker, environment }
}
