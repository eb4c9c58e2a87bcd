import { assert, type Explanation, type JobStatus, type Key, MalstromError, type SnapshotVersion, type WorkerId } from '@malstrom/core'
import { checkTimes } from '../snapshot/check-times.ts'
import { snapshotOf } from '../snapshot/merge-snapshots.ts'
import type { Snapshot, WorkerSnapshot } from '../snapshot/snapshot.ts'
import type { WorkerEvents, WorkerHandle } from '../worker/worker-handle.ts'
import type { WorkerStatus } from '../worker/worker-status.ts'
import { Cause } from './cause.ts'
import { checkRescalable } from './check-key-local.ts'
import { collectContributions } from './collect-contributions.ts'
import { Discovery, partitionsIn, shareOut } from './discovery.ts'
import { explainRunning } from './explain-job.ts'
import type { GenerationOptions, SnapshotKind } from './generation-options.ts'
import { mergeStatus } from './merge-status.ts'
import { hasEnded, isAbandoned, isRefusal, isRescaled } from './refusal.ts'
import { Rescale } from './rescale.ts'
import { RetiredCounts } from './retired-counts.ts'
import { SnapshotTimer } from './snapshot-timer.ts'
import { SnapshotWatch } from './snapshot-watch.ts'
import { SourceAssignments } from './source-assignments.ts'
import { workerSpec } from './worker-spec.ts'

/** One start of a job: its workers, and the snapshots and rescales of them, one at a time. */
export class Generation {
  /** Settles when the job has ended, one way or another, and everything is closed. */
  readonly finished: Promise<void>
  readonly #options: GenerationOptions
  readonly #assignments: SourceAssignments | undefined
  readonly #workers = new Map<WorkerId, WorkerHandle>()
  /** Workers that have processed everything there was to read. */
  readonly #complete = new Set<WorkerId>()
  readonly #ended = new Set<WorkerId>()
  #routingVersion = 1
  #rescaling = false
  #lastId: WorkerId
  /** The snapshot or rescale under way, until it is done everywhere. */
  #underWay: Promise<unknown> | undefined
  readonly #discovery: Discovery
  readonly #timer: SnapshotTimer
  readonly #watch: SnapshotWatch
  #committed: SnapshotVersion | undefined
  /** The last snapshot that was begun, whether or not it counts. */
  #begun: SnapshotVersion
  readonly #retired = new RetiredCounts()
  readonly #cause = new Cause()
  #ending = false
  #resolve: () => void = () => {}
  #reject: (error: unknown) => void = () => {}

  private constructor(options: GenerationOptions, assignments: SourceAssignments | undefined) {
    this.#options = options
    this.#assignments = assignments
    this.#lastId = Math.max(...options.workers)
    this.#committed = options.state?.restored?.version
    this.#begun = this.#committed ?? 0
    this.#watch = new SnapshotWatch(options.environment, options.state?.restored)
    this.#timer = new SnapshotTimer(options.environment, options.state?.intervalMs, () => {
      if (this.#underWay !== undefined) return
      // Of other failures hears who listens to the end.
      this.snapshot().catch((error) => (isAbandoned(error) ? options.state?.abandoned(error) : undefined))
    })
    this.#discovery = new Discovery({
      ...options,
      known: (source) => assignments?.partitionsOf(source) ?? partitionsIn(this.status(), source),
      found: (source, partitions) => this.#open(source, partitions),
      failed: (error) => this.fail(error),
    })
    this.finished = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    // Whoever starts it hears of a failure by that; later there is somebody who listens.
    this.finished.catch(() => {})
  }

  static async start(options: GenerationOptions): Promise<Generation> {
    const { graph, environment, waitLimitMs, state, workers, distributed } = options
    if (distributed) checkTimes(graph)
    const sources = { graph, environment, waitLimitMs, snapshot: state?.restored }
    const assignments = distributed ? await SourceAssignments.of(sources, workers) : undefined
    const generation = new Generation(options, assignments)
    await generation.#startWorkers(workers, workers, false)
    generation.#startTimers()
    return generation
  }

  /** In the order in which partitioners are given them. */
  get workers(): readonly WorkerId[] {
    return [...this.#workers.keys()].sort((a, b) => a - b)
  }

  /** Why it has failed, as far as is known, also before it has ended. */
  get failure(): unknown {
    return this.#cause.error
  }

  status(): WorkerStatus & { readonly snapshot: SnapshotVersion | undefined } {
    const running = [...this.#workers.values()].map((worker) => worker.status())
    return { ...mergeStatus(this.#options.graph, running, this.#retired.status), snapshot: this.#committed }
  }

  /** `status`: what is known of the job besides. */
  explain(status: JobStatus): Promise<Explanation> {
    const { graph, environment } = this.#options
    return explainRunning({ graph, environment, workers: [...this.#workers.values()], watch: this.#watch, status })
  }

  async snapshot(): Promise<SnapshotVersion> {
    // One that is under way may have begun before what the caller wants to have saved.
    return this.#alone(() => this.#take({ last: false, finished: false }))
  }

  /** `counts` is called when a restart would go on with the new workers. */
  async rescale(count: number, counts: () => void): Promise<void> {
    const { graph } = this.#options
    checkRescalable(graph)
    if (this.#rescaling) throw isRescaled(graph.name)
    this.#rescaling = true
    try {
      await this.#alone(() => this.#rescale(count, counts))
    } finally {
      this.#rescaling = false
    }
  }

  async suspend(): Promise<SnapshotVersion> {
    this.#stopTimers()
    const version = await this.#alone(() => this.#take({ last: true, finished: false }))
    this.#ending = true
    await this.#all((worker) => worker.suspend())
    return version
  }

  async cancel(): Promise<void> {
    this.#stopTimers()
    this.#ending = true
    await this.#all((worker) => worker.cancel())
  }

  /** Ends everything because of an error. */
  fail(error: unknown): void {
    if (!this.#cause.add(error)) return
    this.#stopTimers()
    for (const worker of this.#workers.values()) worker.fail(error)
  }

  async #startWorkers(ids: readonly WorkerId[], peers: readonly WorkerId[], joining: boolean): Promise<void> {
    const started = await Promise.allSettled(ids.map((id) => this.#startWorker(id, peers, joining)))
    const failed = started.find((result) => result.status === 'rejected')
    if (failed === undefined) return
    this.fail(failed.reason)
    await Promise.allSettled([...this.#workers.values()].map(({ finished }) => finished))
    // What failed first is the reason; that others then did not start follows from it.
    throw this.#cause.error
  }

  async #startWorker(id: WorkerId, peers: readonly WorkerId[], joining: boolean): Promise<void> {
    const { host, state } = this.#options
    const routing = { version: this.#routingVersion, workers: joining ? this.workers : peers }
    const spec = workerSpec(id, { options: this.#options, assignments: this.#assignments, routing, peers, joining })
    const worker = await host.start(spec, this.#eventsOf(id))
    this.#workers.set(id, worker)
    state?.store.deleteThrough(id, (paths) => worker.deleteSegments(paths))
    worker.finished.then(
      () => this.#workerEnded(id, undefined),
      (error) => this.#workerEnded(id, { error }),
    )
    // Started while others failed.
    if (this.#cause.isKnown) worker.fail(this.#cause.error)
  }

  #eventsOf(id: WorkerId): WorkerEvents {
    return {
      complete: (routingVersion) => {
        // What was said before a marker says nothing of what came after it.
        if (this.#options.distributed && routingVersion !== this.#routingVersion) return
        this.#complete.add(id)
        if (this.#allComplete && !this.#ending) void this.#finish()
      },
      left: (source, to, saved) => {
        const reader = this.#workers.get(to)
        assert(reader !== undefined, 'a partition moves to a worker of the job')
        reader.arrive(source, saved).catch((error) => this.fail(error))
      },
    }
  }

  get #allComplete(): boolean {
    return this.workers.every((worker) => this.#complete.has(worker))
  }

  #workerEnded(id: WorkerId, failure: { readonly error: unknown } | undefined): void {
    this.#options.state?.store.deleteThrough(id, undefined)
    if (failure !== undefined) this.fail(failure.error)
    else if (!this.#ending && !this.#cause.isKnown && this.#workers.has(id)) {
      this.fail(new MalstromError('ERR_WORKER_LOST', `Worker ${id} ended before the job did.`))
    }
    this.#ended.add(id)
    if (!this.workers.every((worker) => this.#ended.has(worker))) return
    const settle = () => {
      if (this.#cause.isKnown) this.#reject(this.#cause.error)
      else this.#resolve()
    }
    this.#all((worker) => worker.release()).then(settle, settle)
  }

  /** The last snapshot of a job that has come to its end, and the end. */
  async #finish(): Promise<void> {
    const { state } = this.#options
    try {
      await this.#alone(async () => {
        // A rescale may have come in between: then the workers report again.
        if (!this.#allComplete || this.#ending) return
        this.#stopTimers()
        if (state !== undefined && state.restored?.finished !== true) await this.#take({ last: true, finished: true })
        this.#ending = true
        await this.#all((worker) => worker.finish())
      })
    } catch (error) {
      // Somebody else was faster with the same. But nothing more is to come that could be tried again after a while.
      if (!isRefusal(error) || isAbandoned(error)) this.fail(error)
    }
  }

  /** Waits until nothing else is under way, and keeps others out meanwhile. What fails ends the generation. */
  async #alone<T>(action: () => Promise<T>): Promise<T> {
    while (this.#underWay !== undefined) await this.#underWay.catch(() => {})
    if (this.#ending || this.#cause.isKnown) throw hasEnded(this.#options.graph.name)
    const running = action()
    this.#underWay = running
    try {
      return await running
    } catch (error) {
      if (isRefusal(error)) throw error
      // What the sinks have staged for it cannot be staged again, so the job goes back.
      this.fail(error)
      throw this.#cause.error
    } finally {
      this.#underWay = undefined
    }
  }

  async #take(kind: SnapshotKind): Promise<SnapshotVersion> {
    const version = ++this.#begun
    this.#options.environment.failpoint?.('snapshot.begun')
    const parts = { ...this.#options, workers: [...this.#workers.values()], watch: this.#watch }
    const collected = await collectContributions({ version, last: kind.last }, parts)
    if ('abandoned' in collected) {
      if (collected.goesOn) this.#startTimers()
      else this.fail(collected.abandoned)
      throw collected.abandoned
    }
    await this.#commit(version, kind, collected.contributions, this.workers)
    await this.#all((worker) => worker.committed(version))
    this.#watch.done()
    this.#options.environment.failpoint?.('snapshot.committed')
    return version
  }

  /** Makes a snapshot count. `workers` are those among which keys are divided in it. */
  async #commit(
    version: SnapshotVersion,
    { finished }: SnapshotKind,
    contributions: readonly WorkerSnapshot[],
    workers: readonly WorkerId[],
  ): Promise<Snapshot> {
    const { graph, environment, state, distributed } = this.#options
    assert(state !== undefined, 'snapshots need a place to keep state')
    const { log } = state.store
    environment.failpoint?.('snapshot.durable')
    const about = { version, generation: log.generation, takenAtMs: environment.dateMs(), finished, workers }
    const snapshot = this.#retired.addTo(snapshotOf(graph, distributed, contributions, about))
    await log.commit(snapshot)
    environment.failpoint?.('snapshot.counts')
    this.#committed = version
    this.#watch.durable(version)
    state.committed(snapshot)
    return snapshot
  }

  /** Has partitions read that were found while the job runs. */
  async #open(source: string, partitions: readonly Key[]): Promise<void> {
    await this.#alone(async () => {
      const loadOf = (worker: WorkerId) => this.#assignments?.countOf(source, worker) ?? 0
      for (const [partition, worker] of shareOut(source, partitions, [...this.#workers.values()], loadOf)) {
        if (await worker.open(source, partition)) this.#assignments?.add({ source, partition, worker: worker.id })
      }
    })
  }

  async #rescale(count: number, counts: () => void): Promise<void> {
    const before = this.workers
    if (count === before.length) return
    if (count > before.length) this.#options.host.checkRoom?.(count - before.length)
    const rescale = new Rescale({
      ...this.#options,
      watch: this.#watch,
      before,
      newId: () => ++this.#lastId,
      count,
      routingVersion: this.#routingVersion + 1,
      version: ++this.#begun,
      worker: (id) => this.#workers.get(id) as WorkerHandle,
      startWorkers: (ids, peers) => this.#startWorkers(ids, peers, true),
      reassign: (workers) => this.#assignments?.reassign(workers) ?? [],
      commit: async (version, contributions) => {
        const snapshot = await this.#commit(version, { last: false, finished: false }, contributions, before)
        counts()
        this.#retired.addContributions(contributions.filter((_each, index) => !rescale.after.includes(before[index] as WorkerId)))
        return snapshot
      },
      begin: () => {
        this.#routingVersion++
        this.#complete.clear()
      },
    })
    await rescale.run()
    await this.#retire(before.filter((worker) => !rescale.after.includes(worker)))
    if (this.#allComplete) void this.#finish()
  }

  /** Workers that are no longer needed end; what they counted is kept. */
  async #retire(ids: readonly WorkerId[]): Promise<void> {
    const retired = ids.map((id) => this.#workers.get(id) as WorkerHandle)
    for (const id of ids) {
      this.#workers.delete(id)
      this.#complete.delete(id)
    }
    // They are connected with each other, so the first may go when the last has ended.
    await Promise.all(retired.map((worker) => worker.suspend()))
    this.#retired.addStatuses(this.#options.graph, retired)
    await Promise.all(retired.map((worker) => worker.release()))
  }

  #startTimers(): void {
    this.#timer.start()
    this.#discovery.start()
  }

  #stopTimers(): void {
    this.#timer.stop()
    this.#discovery.stop()
  }

  #all<T>(action: (worker: WorkerHandle) => Promise<T>): Promise<T[]> {
    return Promise.all([...this.#workers.values()].map(action))
  }
}
