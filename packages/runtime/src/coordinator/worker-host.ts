import type { WorkerSpec } from '../worker/start-worker.ts'
import type { WorkerEvents, WorkerHandle } from '../worker/worker-handle.ts'

/** The place where workers run: this thread, other threads, other processes. */
export interface WorkerHost {
  /** Starts a worker; resolves when it has loaded what it goes on from and reads. */
  start(spec: WorkerSpec, events: WorkerEvents): Promise<WorkerHandle>
  /**
   * Resolves when there is a place for so many workers, if that depends on others; called before each start of the job claims anything.
   * Rejects when that takes too long, or when `signal` is aborted.
   */
  ready?(workers: number, signal: AbortSignal): Promise<void>
  /** @throws MalstromError `ERR_RESCALE` if there is no place for so many workers more. */
  checkRoom?(added: number): void
}
