import { MalstromError, type PeerId } from '@malstrom/core'
import type { Ends } from './ends.ts'

/** What a thread is started with. */
export interface ThreadData {
  /** The module that makes the worker out of the thread. */
  readonly entry: string
  /** The module that makes TypeScript importable, if that is needed. */
  readonly typescript: string | undefined
  /** A module whose `prepare(module)` is called before the job is imported. */
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

/** What the thread that has started the others tells them. */
export type ThreadMessage =
  | { readonly kind: 'peer'; readonly peer: PeerId; readonly ends: Ends }
  | { readonly kind: 'lost'; readonly peer: PeerId; readonly why: string }

/** A thread has ended, and with it what it was doing. */
export function threadLost(worker: PeerId, cause: unknown): MalstromError {
  const why = cause instanceof Error ? `: ${cause.message}` : ''
  return new MalstromError('ERR_WORKER_LOST', `The thread of worker ${worker} has ended before the job did${why}.`, { cause })
}
