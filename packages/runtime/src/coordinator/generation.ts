import type { JobGraph, SnapshotVersion } from '@malstrom/core'
import type { Barrier } from '../snapshot/barrier.ts'
import type { RestoredJob } from '../worker/build-tasks.ts'
import type { Environment } from '../worker/environment.ts'
import { Worker, type WorkerStatus } from '../worker/worker.ts'
import type { StateStore } from './state-store.ts'

export interface GenerationOptions {
  readonly graph: JobGraph
  readonly environment: Environment
  readonly waitLimitMs: number
  readonly interpret: boolean
  /** Where state is kept; without it there are no snapshots. */
  readonly state: { readonly store: StateStore; readonly restored: RestoredJob | undefined; readonly intervalMs: number } | undefined
}

/** One start of a job: its worker, and the snapshots that are taken of it, one at a time. */
export class Generation {
  readonly #options: GenerationOptions
  readonly #worker: Worker
  /** The snapshot under way, until its commits are done. */
  #snapshot: Promise<SnapshotVersion> | undefined
  #committed: SnapshotVersion | undefined
  #cancelInterval: () => void = () => {}

  private constructor(options: GenerationOptions, stateLocation: Awaited<ReturnType<StateStore['location']>> | undefined) {
    const { graph, environment, waitLimitMs, interpret, state } = options
    this.#options = options
    this.#committed = state?.restored?.snapshot.version
    this.#worker = new Worker({
      graph,
      workerId: 0,
      generation: state?.store.log.generation ?? 1,
      environment,
      waitLimitMs,
      interpret,
      restored: state?.restored,
      stateLocation,
      ...(state === undefined ? {} : { complete: () => this.#complete() }),
    })
  }

  static async start(options: GenerationOptions): Promise<Generation> {
    const generation = new Generation(options, await options.state?.store.location(0))
    await generation.#worker.start()
    generation.#scheduleSnapshot()
    return generation
  }

  /** Settles when the job has ended, one way or another, and everything is closed. */
  get finished(): Promise<void> {
    return this.#worker.finished
  }

  status(): WorkerStatus & { readonly snapshot: SnapshotVersion | undefined } {
    return { ...this.#worker.status(), snapshot: this.#committed }
  }

  async snapshot(): Promise<SnapshotVersion> {
    // One that is under way may have begun before what the caller wants to have saved.
    while (this.#snapshot !== undefined) await this.#snapshot
    return this.#take({ last: false, finished: false })
  }

  async suspend(): Promise<SnapshotVersion> {
    this.#cancelInterval()
    while (this.#snapshot !== undefined) await this.#snapshot
    const version = await this.#take({ last: true, finished: false })
    await this.#worker.suspend()
    return version
  }

  async cancel(): Promise<void> {
    this.#cancelInterval()
    await this.#worker.cancel()
  }

  /** The last snapshot of a job that has come to its end. */
  async #complete(): Promise<void> {
    this.#cancelInterval()
    while (this.#snapshot !== undefined) await this.#snapshot
    if (this.#options.state?.restored?.snapshot.finished !== true) await this.#take({ last: true, finished: true })
  }

  #take(kind: { readonly last: boolean; readonly finished: boolean }): Promise<SnapshotVersion> {
    const taken = this.#takeOne(kind)
    this.#snapshot = taken
    taken.then(
      () => {
        this.#snapshot = undefined
      },
      (error) => {
        this.#snapshot = undefined
        // What the sinks have staged for it cannot be staged again, so the job goes back.
        this.#worker.fail(error)
      },
    )
    return taken
  }

  async #takeOne({ last, finished }: { readonly last: boolean; readonly finished: boolean }): Promise<SnapshotVersion> {
    const { graph, environment, state } = this.#options
    if (state === undefined) throw new Error('snapshots need a place to keep state')
    const { log } = state.store
    const version = (this.#committed ?? 0) + 1
    const barrier: Barrier = { version, last }
    environment.failpoint?.('snapshot.begun')
    const contribution = await this.#worker.snapshot(barrier)
    environment.failpoint?.('snapshot.durable')
    await log.commit({
      version,
      generation: log.generation,
      job: graph.name,
      fingerprint: graph.fingerprint,
      takenAtMs: environment.dateMs(),
      finished,
      ...contribution,
    })
    environment.failpoint?.('snapshot.counts')
    this.#committed = version
    await this.#worker.committed(version)
    environment.failpoint?.('snapshot.committed')
    return version
  }

  #scheduleSnapshot(): void {
    const { environment, state } = this.#options
    if (state === undefined || !Number.isFinite(state.intervalMs)) return
    this.#cancelInterval = environment.after(state.intervalMs, () => {
      const { state: now } = this.#worker.status()
      if (now !== 'running') return
      if (this.#snapshot === undefined) void this.#take({ last: false, finished: false })
      this.#scheduleSnapshot()
    })
  }
}
