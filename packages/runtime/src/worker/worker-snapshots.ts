import { assert, MalstromError, type SnapshotVersion, type WorkerId } from '@malstrom/core'
import type { Barrier } from '../snapshot/barrier.ts'
import type { WorkerSnapshot } from '../snapshot/snapshot.ts'
import { SnapshotRun } from '../snapshot/snapshot-run.ts'
import type { StateWritings } from '../snapshot/state-writing.ts'
import type { BuiltTasks, TaskMembers } from './build-tasks.ts'

export interface WorkerSnapshotsOptions {
  readonly worker: WorkerId
  readonly job: string
  readonly built: BuiltTasks
  /** `undefined` if the job keeps no state. */
  readonly writings: StateWritings | undefined
  wake(): void
  failed(error: unknown): void
}

/** The snapshots of one worker, one at a time. */
export class WorkerSnapshots {
  readonly #options: WorkerSnapshotsOptions
  #run: SnapshotRun | undefined

  constructor(options: WorkerSnapshotsOptions) {
    this.#options = options
  }

  /** The one that is being taken. */
  get run(): SnapshotRun | undefined {
    return this.#run
  }

  /** Sends the barrier from all sources; resolves with what this worker contributes, when all of it is durable. */
  take(barrier: Barrier): Promise<WorkerSnapshot> {
    const { worker, built, writings, wake, failed } = this.#options
    assert(this.#run === undefined, 'snapshots are taken one at a time')
    assert(writings !== undefined, 'a worker that takes snapshots knows where to write them')
    const run = new SnapshotRun({
      worker,
      barrier,
      members: built.members,
      write: (operator, version) => writings.write(operator, version),
      wake,
    })
    this.#run = run
    for (const { task } of built.sources) task.send(barrier)
    wake()
    run.done.then(
      (taken) => {
        if (this.#run !== run) return
        writings.taken(taken)
        this.#run = undefined
        wake()
      },
      (error) => {
        if (this.#run === run) failed(error)
      },
    )
    return run.done
  }

  /** The barrier has passed a task. */
  passed(members: TaskMembers): void {
    this.#run?.passed(members)
  }

  /** Encodes a little; returns false if there is nothing to encode now. */
  slice(): boolean {
    return this.#run?.slice() ?? false
  }

  /** See `WorkerHandle.abandonSnapshot`. */
  async abandon(version: SnapshotVersion): Promise<boolean> {
    const { built, job, writings, wake } = this.#options
    const run = this.#run
    this.#run = undefined
    for (const task of built.tasks) task.abandon(version)
    const goesOn = built.sinks.map((sink) => sink.abandon(version)).every((each) => each)
    wake()
    const error = new MalstromError('ERR_SNAPSHOT_TIMEOUT', `Snapshot ${version} of job "${job}" was abandoned.`, { context: { job } })
    for (const { operator, writing } of run?.abandon(error) ?? []) await writings?.abandon(operator, writing)
    return goesOn
  }

  /** The worker ends. */
  fail(error: unknown): void {
    this.#run?.fail(error)
  }
}
