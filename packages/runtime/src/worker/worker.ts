import { assert, type JobGraph, type JobStatus, type Key, MalstromError, type SnapshotVersion, type WorkerId } from '@malstrom/core'
import type { Barrier } from '../snapshot/barrier.ts'
import type { SourcePartitionSnapshot, WorkerSnapshot } from '../snapshot/snapshot.ts'
import { type StateLocation, StateWritings } from '../snapshot/state-writing.ts'
import type { SourceStation } from '../source/source-station.ts'
import { withOthers } from './attempt-all.ts'
import { type BuiltTasks, buildTasks, type RestoredJob } from './build-tasks.ts'
import type { Cluster } from './cluster.ts'
import type { Environment } from './environment.ts'
import type { Task } from './task.ts'
import type { MovedSink, ReroutePlan, WorkerEvents, WorkerHandle } from './worker-handle.ts'
import { type WorkerReport, workerReport } from './worker-report.ts'
import { WorkerReroute } from './worker-reroute.ts'
import { WorkerSnapshots } from './worker-snapshots.ts'
import { type WorkerState, type WorkerStatus, workerStatus } from './worker-status.ts'

/** The worker gives the event loop a turn after so long, so that I/O proceeds. */
const TURN_MS_MAX = 4

export interface WorkerOptions {
  readonly graph: JobGraph
  readonly workerId: number
  readonly generation: number
  readonly environment: Environment
  /** Bounds every wait for a source or sink to open, flush or close. */
  readonly waitLimitMs: number
  /** Whether tasks are interpreted instead of compiled. */
  readonly interpret: boolean
  /** What the job goes on from. */
  readonly restored?: RestoredJob | undefined
  /** Where states are written; without it there are no snapshots. */
  readonly stateLocation?: StateLocation | undefined
  /** Set if there are other workers. */
  readonly cluster?: Cluster | undefined
  /** Whoever decides what happens at the end; without it the worker ends when everything is processed. */
  readonly events?: WorkerEvents
  /** Called last, when everything is closed. */
  release?(): Promise<void>
}

/**
 * Runs a job graph in one thread. Tasks near the sinks go first, so what is under way is finished
 * before more is read; sources take turns. When no task has anything to do the worker parks; a source that becomes ready,
 * a sink that has room again, or a tick wakes it.
 */
export class Worker implements WorkerHandle {
  /** Settles when the job has ended and everything is closed. */
  readonly finished: Promise<void>
  readonly #environment: Environment
  readonly #graph: JobGraph
  readonly #built: BuiltTasks
  readonly #downstreamFirst: readonly Task[]
  readonly #options: WorkerOptions
  readonly #writings: StateWritings | undefined
  readonly #snapshots: WorkerSnapshots
  #state: WorkerState = 'running'
  /** Whether the coordinator has been told that everything is processed. */
  #completed = false
  readonly #reroute: WorkerReroute | undefined
  #started = false
  #scheduled = false
  #ending = false
  /** A source lists its records only while it is open. */
  #lastSources: JobStatus['sources'] = []
  #resolve: () => void = () => {}
  #reject: (error: unknown) => void = () => {}

  constructor(options: WorkerOptions) {
    this.#options = options
    this.#environment = options.environment
    this.#graph = options.graph
    const tracked = options.stateLocation !== undefined
    const failed = (error: unknown) => void this.#end('failed', error)
    const { restored, cluster } = options
    this.#built = buildTasks({ ...options, restored, cluster, tracked, wake: () => this.#wake(), failed })
    this.#reroute =
      cluster &&
      new WorkerReroute({
        self: options.workerId,
        version: cluster.routing.version,
        built: this.#built,
        left: (source, to, saved) => options.events?.left(source, to, saved),
        failed,
      })
    this.#writings = this.#openWritings(failed)
    this.#snapshots = new WorkerSnapshots({
      worker: options.workerId,
      job: options.graph.name,
      built: this.#built,
      writings: this.#writings,
      wake: () => this.#wake(),
      failed,
    })
    for (const [index, members] of this.#built.members.entries()) {
      members.task.passed = () => this.#snapshots.passed(members)
      members.task.reroute = ({ route }) => {
        this.#completed = false
        return route === undefined ? undefined : this.#reroute?.begin(members, index, route)
      }
    }
    this.#downstreamFirst = [...this.#built.tasks].reverse()
    this.finished = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    // The host hands `finished` on; a job that fails before that is no unhandled rejection.
    this.finished.catch(() => {})
  }

  get id(): WorkerId {
    return this.#options.workerId
  }

  /** Opens the sources and starts to read. Rejects, with everything closed, if a source does not open. */
  async start(): Promise<void> {
    try {
      const { restored } = this.#options
      // What was staged for the restored snapshot becomes visible before anything else is written.
      if (restored !== undefined) for (const sink of this.#built.sinks) await sink.restore(restored.snapshot.version)
      for (const { station } of this.#built.sources) await station.open()
    } catch (error) {
      await this.#end('failed', error)
      throw error
    }
    this.#started = true
    for (const task of this.#built.tasks) task.startTicks(this.#environment, () => this.#wake())
    this.#wake()
  }

  /** Takes a snapshot; resolves with what this worker contributes, when all of it is durable. */
  snapshot(barrier: Barrier): Promise<WorkerSnapshot> {
    if (this.#ending) return Promise.reject(notRunning(this.#graph.name))
    return this.#snapshots.take(barrier)
  }

  abandonSnapshot(version: SnapshotVersion): Promise<boolean> {
    return this.#snapshots.abandon(version)
  }

  /** Snapshot `version` is durable everywhere: sinks make visible what they staged for it, sources hear of it. */
  async committed(version: SnapshotVersion): Promise<void> {
    for (const sink of this.#built.sinks) await sink.commit(version)
    for (const { station } of this.#built.sources) station.committed(version)
  }

  async deleteSegments(paths: readonly string[]): Promise<void> {
    await this.#options.stateLocation?.store.delete(paths)
  }

  async prepare(plan: ReroutePlan): Promise<void> {
    this.#reroute?.prepare(plan)
    this.#wake()
  }

  async arrive(source: string, saved: SourcePartitionSnapshot): Promise<void> {
    await this.#withStation(source, (station) => station.arrive(saved))
  }

  async open(source: string, partition: Key): Promise<boolean> {
    return (await this.#withStation(source, (station) => station.add(partition))) ?? false
  }

  async #withStation<T>(source: string, action: (station: SourceStation) => Promise<T>): Promise<T | undefined> {
    const station = this.#built.sources.find(({ station: known }) => known.name === source)?.station
    assert(station !== undefined, 'partitions belong to sources of the job')
    try {
      return await action(station)
    } catch (error) {
      await this.#end('failed', error)
      return undefined
    }
  }

  async rerouted(): Promise<void> {
    await this.#reroute?.moved()
  }

  async releaseSinks(): Promise<void> {
    for (const sink of this.#built.sinks) await sink.releaseTo(this.#reroute?.workers ?? [], this.id)
  }

  async settleSinks(moved: readonly MovedSink[]): Promise<void> {
    for (const sink of this.#built.sinks) await sink.settle(moved.find((each) => each.sink === sink.node.name)?.partitions ?? [])
    this.#wake()
  }

  /** Closes everything at the end of the job. */
  async finish(): Promise<void> {
    await this.#end('finished')
    await this.finished
  }

  /** Nothing is left of a worker that has ended in this thread. */
  async release(): Promise<void> {}

  /** Ends the job because of something outside of it. */
  fail(error: unknown): void {
    void this.#end('failed', error)
  }

  /** Closes everything after the last snapshot of a job that is suspended. */
  async suspend(): Promise<void> {
    await this.#end('suspended')
    await this.finished
  }

  /** Stops reading, writes out what the sinks have, and closes everything. */
  async cancel(): Promise<void> {
    const endsByItself = this.#ending
    await this.#end('cancelled')
    // Whoever cancels hears of what could not be written or closed; why a job ended by itself, `finished` tells.
    if (!endsByItself) await this.finished
  }

  status(): WorkerStatus {
    return workerStatus(this.#graph.name, this.#state, this.#sourceReports(), this.#built)
  }

  async explain(): Promise<WorkerReport> {
    return workerReport(this.id, this.#built.members, this.#snapshots.run)
  }

  #openWritings(failed: (error: unknown) => void): StateWritings | undefined {
    const { stateLocation, graph, generation, environment, waitLimitMs, restored, workerId } = this.#options
    if (stateLocation === undefined) return undefined
    return new StateWritings({
      location: stateLocation,
      job: graph.name,
      generation,
      environment,
      waitLimitMs,
      workerId,
      restored: restored?.ownChains === true ? restored.snapshot.operators : undefined,
      wake: () => this.#wake(),
      failed,
    })
  }

  #sourceReports(): JobStatus['sources'] {
    const reports = this.#built.sources.flatMap(({ station, task }) => station.report(task.stalled))
    if (reports.length > 0) this.#lastSources = reports
    return this.#lastSources
  }

  #wake(): void {
    // Others may be faster: until its sources are open, a worker would take them for empty.
    if (!this.#started || this.#scheduled || this.#ending) return
    this.#scheduled = true
    this.#environment.soon(() => {
      this.#scheduled = false
      this.#turn()
    })
  }

  #turn(): void {
    if (this.#ending) return
    const environment = this.#environment
    const until = environment.nowMs() + TURN_MS_MAX
    try {
      // A job can be cancelled by its own functions.
      while (!this.#ending && this.#round()) {
        if (environment.nowMs() < until) continue
        this.#wake()
        return
      }
    } catch (error) {
      void this.#end('failed', error)
      return
    }
    this.#report()
  }

  /** Tells the coordinator what has been reached. */
  #report(): void {
    this.#reroute?.check()
    const { tasks, sinks } = this.#built
    if (this.#completed || !tasks.every((task) => task.ended) || !sinks.every((sink) => sink.drained)) return
    this.#completed = true
    const { events } = this.#options
    if (events === undefined) void this.#end('finished')
    else events.complete(this.#reroute?.version ?? 0)
  }

  /** Finishes what is under way, then gives each source one turn, so that none starves. Returns false if nothing could be done. */
  #round(): boolean {
    let worked = this.#built.links?.receive() ?? false
    for (const task of this.#downstreamFirst) {
      while (task.step()) {
        worked = true
        if (task.readsSource) break
      }
    }
    for (const { handoff } of this.#built.tasks) if (handoff?.slice() === true) worked = true
    // A slice of the snapshot between two frames.
    if (this.#snapshots.slice()) worked = true
    return worked
  }

  async #end(state: Exclude<WorkerState, 'running'>, error?: unknown): Promise<void> {
    if (this.#ending) {
      // Whoever cancels a job that ends by itself waits for that.
      await this.finished.catch(() => {})
      return
    }
    this.#ending = true
    for (const { task, operators } of this.#built.members) {
      task.stopTicks()
      for (const { fused } of operators) fused.close?.()
    }
    this.#snapshots.fail(error ?? notRunning(this.#graph.name))
    const errors = error === undefined ? [] : [error]
    await this.#closeAll(state, errors)
    this.#state = errors.length > 0 ? 'failed' : state
    if (errors.length === 0) this.#resolve()
    else this.#reject(withOthers(errors))
  }

  /** Closes everything, also after something could not be closed; what fails is added to `errors`. */
  async #closeAll(state: WorkerState, errors: unknown[]): Promise<void> {
    const attempt = async (action: () => Promise<void>) => {
      try {
        await action()
      } catch (error) {
        errors.push(error)
      }
    }
    this.#sourceReports()
    // With snapshots, the last one has made everything visible.
    if (state === 'finished' && this.#writings === undefined) for (const sink of this.#built.sinks) await attempt(() => sink.finish())
    if (state === 'cancelled') for (const sink of this.#built.sinks) await attempt(() => sink.flush())
    for (const { station } of this.#built.sources) await attempt(() => station.close())
    for (const sink of this.#built.sinks) await attempt(() => sink.close())
    await attempt(async () => this.#options.release?.())
  }
}

function notRunning(job: string): MalstromError {
  return new MalstromError('ERR_NOT_RUNNING', `Job "${job}" cannot take a snapshot: it has ended.`, { context: { job } })
}
