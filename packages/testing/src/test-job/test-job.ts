import { checkOptionNames, type Explanation, type Job, type JobStatus, type Key, MalstromError, type SnapshotVersion } from '@malstrom/core'
import type { Failpoint, StoredState } from '@malstrom/runtime'
import { checkReplacements, type Replacements } from './replace-nodes.ts'
import { RunningTest } from './running-test.ts'

export interface TestJobOptions extends Replacements {
  /** Time between two snapshots, in milliseconds of virtual time. `Infinity`: only on demand and at the end. @default 10_000 */
  readonly snapshotIntervalMs?: number
  /** Decides in which order things happen that are due at the same time. @default 1 */
  readonly seed?: number
  /** Whether tasks become generated functions, or are interpreted. @default 'compiled' */
  readonly tasks?: 'compiled' | 'interpreted'
  /**
   * Steps at one instant of virtual time before the job counts as one that never rests: an event is a step, and so
   * are about 1,000 records.
   *
   * @default 10_000
   */
  readonly stepsMax?: number
}

/** The options of `testJob`; a job with params needs them. */
export type TestJobArguments<P> = [P] extends [void] ? [options?: TestJobOptions] : [options: TestJobOptions & { readonly params: P }]

/** What is known of a job under test. `crashed`: its process is gone, and nobody has started it again. */
export interface TestJobStatus extends Omit<JobStatus, 'state'> {
  readonly state: JobStatus['state'] | 'crashed'
}

/**
 * A job under test. Nothing happens by itself: the methods that return promises run it, and reject with the
 * first failure of the job that came up meanwhile, each failure once; the job itself goes back to its last
 * snapshot as it does in production, when time passes. Disposing of it (`await using`) cancels it.
 */
export interface TestJob extends AsyncDisposable {
  /** Virtual time, which begins at 0. */
  readonly nowMs: number
  /** Everything the job has failed with, also where it has gone back to a snapshot afterwards. */
  readonly failures: readonly unknown[]
  status(): TestJobStatus
  /** Settles, then tells why nothing comes out, as `Execution.explain` does. @throws MalstromError `ERR_NOT_RUNNING` after a crash */
  explain(): Promise<Explanation>
  /** Runs everything that can be done without time passing. @throws MalstromError `ERR_TEST_UNSETTLED` if it does not end */
  settle(): Promise<void>
  /** Lets time pass: periodic epochs, snapshots, idleness and the pauses before restarts come in their order. */
  advanceBy(ms: number): Promise<void>
  /** The same, until `nowMs` is `ms`. */
  advanceTo(ms: number): Promise<void>
  /** Ends the sources that `testSource` has made, and runs the job to its end. Pauses before restarts pass by themselves. */
  finish(): Promise<void>
  /** Settles, then takes a snapshot: everything that was pushed is in it, and committed. */
  snapshot(): Promise<SnapshotVersion>
  /** The process is gone at once: nothing is read, written or closed any more. `start` continues from the last commit. */
  crash(): void
  /** The same, when a start or a snapshot comes to this point the next time. */
  crashAt(failpoint: Failpoint): void
  /** Starts the job again after it has crashed or ended, as another process would. Does nothing while it runs. */
  start(): Promise<void>
  /** Settles, takes a last snapshot and stops. */
  suspend(): Promise<SnapshotVersion>
  /** Stops reading, flushes and closes the sinks, and ends the job. */
  cancel(): Promise<void>
  /** The states of an operator in the last snapshot, in the order in which their keys were first seen. */
  states<S = unknown>(operator: string): Promise<readonly TestState<S>[]>
  /** The state of one key in the last snapshot; `undefined` if it has none. */
  state<S = unknown>(operator: string, key: Key): Promise<S | undefined>
}

/** The state of a key. The type is what the test says it is. */
export interface TestState<S> extends StoredState {
  readonly state: S
}

/**
 * Starts a job as production does, but over a virtual clock and a store in memory in place of its own, and with
 * some of its sources and sinks replaced by their names. The rest of the graph is as it is. The same options and
 * calls give the same results, as long as the sources and sinks that stay real do the same.
 *
 * @throws MalstromError `ERR_TEST_REPLACEMENT` if something is to be replaced that cannot be
 */
export async function testJob<P = void>(job: Job<P>, ...[options]: TestJobArguments<P>): Promise<TestJob> {
  const { sources, sinks, unreplaced, snapshotIntervalMs = 10_000, seed = 1, tasks = 'compiled', stepsMax = 10_000 } = options ?? {}
  const names = ['params', 'sources', 'sinks', 'unreplaced', 'snapshotIntervalMs', 'seed', 'tasks', 'stepsMax']
  checkOptionNames('testJob', options ?? {}, names)
  if (!(snapshotIntervalMs > 0))
    throw new MalstromError('ERR_OPERATOR_ARGUMENT', `testJob: snapshotIntervalMs is above 0, not ${snapshotIntervalMs}.`)
  const params = (options as { readonly params?: P } | undefined)?.params as P
  const graph = job.graph(params)
  const replacements: Replacements = { sources: sources ?? {}, sinks: sinks ?? {}, unreplaced: unreplaced ?? 'real' }
  checkReplacements(graph, replacements)
  const test = new RunningTest({ graph: () => job.graph(params), first: graph, replacements, snapshotIntervalMs, seed, tasks, stepsMax })
  await test.start()
  return test
}
