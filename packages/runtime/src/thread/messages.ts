import { MalstromError, type PeerId } from '@malstrom/core'
import type { WorkerData } from '../host/worker-surroundings.ts'
import type { Ends } from './ends.ts'

/** What a thread is started with. */
export interface ThreadData extends WorkerData {
  /** The module that makes the worker out of the thread. */
  readonly entry: string
  /** The module that makes TypeScript importable, if that is needed. */
  readonly typescript: string | undefined
}

/** What the thread that has started the others tells them. */
export type ThreadMessage =
  | { readonly kind: 'peer'; readonly peer: PeerId; readonly ends: Ends }
  | { readonly kind: 'lost'; readonly peer: PeerId; readonly why: string }

/** A thread has ended, and with it what it was doing. */
export function threadLost(worker: PeerId, cause: unknown): MalstromError {
  const why = cause instanceof Error ? `: ${cause.message}` : ''
  return new MalstromError('ERR_WORKER_LOST', `The thread of worker ${worker} has ended before the job did${why}.`, { cause })
}
