import type { WorkerSpec } from '../worker/start-worker.ts'
import type { WorkerEvents, WorkerHandle } from '../worker/worker-handle.ts'

/** The place where workers run: this thread, other threads, other processes. */
export interface WorkerHost {
  /** Starts a worker; resolves when it has loaded what it goes on from and reads. */
  start(spec: WorkerSpec, events: WorkerEvents): Promise<WorkerHandle>
}
