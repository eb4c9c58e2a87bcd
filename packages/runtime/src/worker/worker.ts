import type { JobGraph, JobStatus } from '@malstrom/core'
import { withOthers } from './attempt-all.ts'
import { type BuiltTasks, buildTasks } from './build-tasks.ts'
import type { Environment } from './environment.ts'
import type { Task } from './task.ts'

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
}

/**
 * Runs a job graph in one thread. Tasks near the sinks go first, so what is under way is finished
 * before more is read; sources take turns. When no task has anything to do the worker parks; a source that becomes ready,
 * a sink that has room again, or a tick wakes it.
 */
export class Worker {
  /** Settles when the job has ended and everything is closed. */
  readonly finished: Promise<void>
  readonly #environment: Environment
  readonly #graph: JobGraph
  readonly #built: BuiltTasks
  readonly #downstreamFirst: readonly Task[]
  #state: JobStatus['state'] = 'running'
  #scheduled = false
  #ending = false
  /** A source lists its records only while it is open. */
  #lastSources: JobStatus['sources'] = []
  #resolve: () => void = () => {}
  #reject: (error: unknown) => void = () => {}

  constructor(options: WorkerOptions) {
    this.#environment = options.environment
    this.#graph = options.graph
    this.#built = buildTasks({ ...options, wake: () => this.#wake(), failed: (error) => void this.#end('failed', error) })
    this.#downstreamFirst = [...this.#built.tasks].reverse()
    this.finished = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    // The host hands `finished` on; a job that fails before that is no unhandled rejection.
    this.finished.catch(() => {})
  }

  /** Opens the sources and starts to read. Rejects, with everything closed, if a source does not open. */
  async start(): Promise<void> {
    try {
      for (const { station } of this.#built.sources) await station.open()
    } catch (error) {
      await this.#end('failed', error)
      throw error
    }
    for (const task of this.#built.tasks) task.startTicks(this.#environment, () => this.#wake())
    this.#wake()
  }

  /** Stops reading, writes out what the sinks have, and closes everything. */
  async cancel(): Promise<void> {
    const endsByItself = this.#ending
    await this.#end('cancelled')
    // Whoever cancels hears of what could not be written or closed; why a job ended by itself, `finished` tells.
    if (!endsByItself) await this.finished
  }

  status(): JobStatus {
    const sources = this.#sourceReports()
    const operators = this.#built.operatorReports()
    return {
      job: this.#graph.name,
      state: this.#state,
      recordsIn: sources.reduce((sum, { recordsIn }) => sum + recordsIn, 0),
      recordsOut: this.#built.sinks.reduce((sum, { written }) => sum + written, 0),
      late: operators.reduce((sum, { late }) => sum + late, 0),
      frontier: this.#frontier(),
      sources,
      operators,
    }
  }

  #sourceReports(): JobStatus['sources'] {
    const reports = this.#built.sources.flatMap(({ station, task }) => station.report(task.gate.closed))
    if (reports.length > 0) this.#lastSources = reports
    return this.#lastSources
  }

  #frontier(): unknown {
    const [first, ...others] = this.#built.sinks.filter(({ frontier }) => frontier !== undefined)
    if (first === undefined) return undefined
    const time = first.node.inputTime
    // Timestamps of different kinds have no order.
    if (others.some(({ node }) => node.inputTime !== time)) return undefined
    return others.reduce((least, { frontier }) => time.merge(least, frontier), first.frontier)
  }

  #wake(): void {
    if (this.#scheduled || this.#ending) return
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
    if (this.#built.tasks.every((task) => task.ended) && this.#built.sinks.every((sink) => sink.drained)) void this.#end('finished')
  }

  /** Finishes what is under way, then gives each source one turn, so that none starves. Returns false if nothing could be done. */
  #round(): boolean {
    let worked = false
    for (const task of this.#downstreamFirst) {
      while (task.step()) {
        worked = true
        if (task.readsSource) break
      }
    }
    return worked
  }

  async #end(state: 'finished' | 'cancelled' | 'failed', error?: unknown): Promise<void> {
    if (this.#ending) {
      // Whoever cancels a job that ends by itself waits for that.
      await this.finished.catch(() => {})
      return
    }
    this.#ending = true
    for (const task of this.#built.tasks) task.stopTicks()
    const errors = error === undefined ? [] : [error]
    await this.#closeAll(state, errors)
    this.#state = errors.length > 0 ? 'failed' : state
    if (errors.length === 0) this.#resolve()
    else this.#reject(withOthers(errors))
  }

  /** Closes everything, also after something could not be closed; what fails is added to `errors`. */
  async #closeAll(state: 'finished' | 'cancelled' | 'failed', errors: unknown[]): Promise<void> {
    const attempt = async (action: () => Promise<void>) => {
      try {
        await action()
      } catch (error) {
        errors.push(error)
      }
    }
    this.#sourceReports()
    if (state === 'finished') for (const sink of this.#built.sinks) await attempt(() => sink.finish())
    if (state === 'cancelled') for (const sink of this.#built.sinks) await attempt(() => sink.flush())
    for (const { station } of this.#built.sources) await attempt(() => station.close())
    for (const sink of this.#built.sinks) await attempt(() => sink.close())
  }
}
