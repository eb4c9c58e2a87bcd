import type { TaskFunctions } from '../compile/task-functions.ts'

/**
 * Time and scheduling as the worker sees them. The host gives the real ones; a simulator gives its
 * own, and then decides everything that happens.
 */
export interface Environment {
  /** Milliseconds from an arbitrary start; never goes back. */
  nowMs(): number
  /** Milliseconds since 1970: processing time, as people and operators read it. May be set back, as clocks are. */
  dateMs(): number
  /** Calls back after I/O has had its turn. */
  soon(callback: () => void): void
  /** Calls back once after `delayMs`; the result cancels it. */
  after(delayMs: number, callback: () => void): () => void
  /** Told of the points at which a crash is worth a test. */
  failpoint?(name: Failpoint): void
  /** Where tasks that are compiled find the functions of others with the same text. Without it, each has a function of its own. */
  readonly taskFunctions?: TaskFunctions
}

/** Points between which a start of a job does something that must not be done by halves. */
export const failpoints = [
  'restore.claimed',
  'restore.loaded',
  'restore.cleaned',
  'restore.started',
  'snapshot.begun',
  'snapshot.durable',
  'snapshot.counts',
  'snapshot.committed',
  'rescale.started',
  'rescale.prepared',
  'rescale.committed',
  'rescale.moved',
] as const

export type Failpoint = (typeof failpoints)[number]
