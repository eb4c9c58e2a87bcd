import { assert, type Key, type Link, type LinkEvents, MalstromError } from '@malstrom/core'
import type { Barrier } from '../snapshot/barrier.ts'
import type { SourcePartitionSnapshot } from '../snapshot/snapshot.ts'
import type { Environment } from '../worker/environment.ts'
import { startWorker, type WorkerSpec, type WorkerSurroundings } from '../worker/start-worker.ts'
import type { Worker } from '../worker/worker.ts'
import type { MovedSink, ReroutePlan } from '../worker/worker-handle.ts'
import { CallLink } from './call-link.ts'
import { errorData } from './error-data.ts'

/** How often a worker says that it is alive, and how it stands. */
export const HEARTBEAT_MS = 250

export interface WorkerServerOptions {
  readonly environment: Environment
  open(events: LinkEvents): Link
  /** What the worker that is asked for needs from here. */
  surroundings(spec: WorkerSpec): Promise<Omit<WorkerSurroundings, 'environment' | 'events'>>
  /** Waits for what must not be lost when the worker's thread or process ends. */
  flush?(): Promise<void>
  /** The worker has ended, or its coordinator is gone. */
  ended(): void
}

/** The worker's side of the control link: runs the worker that the coordinator asks for. */
export class WorkerServer {
  readonly #options: WorkerServerOptions
  readonly #calls: CallLink
  #worker: Worker | undefined
  #cancelHeartbeat: () => void = () => {}
  #ended = false
  /** Why the worker is to end, also if it is only being started. */
  #failure: Error | undefined
  #starting = false

  constructor(options: WorkerServerOptions) {
    this.#options = options
    this.#calls = new CallLink({
      open: (events) => options.open(events),
      answer: (method, args) => this.#answer(method, args),
      told: (event, [error]) => {
        if (event === 'fail') this.fail(new MalstromError('ERR_WORKER_LOST', `The job goes back to its last snapshot: ${String(error)}`))
      },
      failed: (error) => this.fail(error),
    })
    this.#calls.listen()
  }

  /** Ends the worker; `ended` is called when everything of it is closed. */
  fail(error: Error): void {
    this.#failure ??= error
    if (this.#worker !== undefined) this.#worker.fail(error)
    else if (!this.#starting) this.#end()
  }

  async #answer(method: string, args: readonly unknown[]): Promise<unknown> {
    if (method === 'start') return this.#start(args[0] as WorkerSpec)
    const worker = this.#worker
    assert(worker !== undefined, 'a worker is started before it is asked for anything')
    switch (method) {
      case 'explain':
        return worker.explain()
      case 'snapshot':
        return worker.snapshot(args[0] as Barrier)
      case 'abandonSnapshot':
        return worker.abandonSnapshot(args[0] as number)
      case 'committed':
        return worker.committed(args[0] as number)
      case 'deleteSegments':
        return worker.deleteSegments(args[0] as string[])
      case 'prepare':
        return worker.prepare(args[0] as ReroutePlan)
      case 'arrive':
        return worker.arrive(args[0] as string, args[1] as SourcePartitionSnapshot)
      case 'open':
        return worker.open(args[0] as string, args[1] as Key)
      case 'rerouted':
        return worker.rerouted()
      case 'releaseSinks':
        return worker.releaseSinks()
      case 'settleSinks':
        return worker.settleSinks(args[0] as MovedSink[])
      case 'finish':
        return worker.finish()
      case 'suspend':
        return worker.suspend()
      case 'cancel':
        return worker.cancel()
      default:
        throw new MalstromError('ERR_ASSERTION', `A worker knows no method "${method}".`)
    }
  }

  async #start(spec: WorkerSpec): Promise<void> {
    assert(this.#worker === undefined && !this.#starting, 'a worker is started once')
    if (this.#failure !== undefined) throw this.#failure
    this.#starting = true
    this.#beat()
    try {
      await this.#begin(spec)
    } catch (error) {
      this.#end()
      throw error
    } finally {
      this.#starting = false
    }
  }

  async #begin(spec: WorkerSpec): Promise<void> {
    const { environment } = this.#options
    const surroundings = await this.#options.surroundings(spec)
    const worker = await startWorker(spec, {
      ...surroundings,
      environment,
      events: {
        complete: (routingVersion) => this.#calls.tell('complete', [routingVersion]),
        left: (source, to, saved) => this.#calls.tell('left', [source, to, saved]),
      },
    })
    this.#worker = worker
    worker.finished.then(
      () => this.#workerEnded(worker, undefined),
      (error) => this.#workerEnded(worker, error),
    )
    // Somebody else has failed meanwhile, or the coordinator is gone.
    if (this.#failure !== undefined) worker.fail(this.#failure)
  }

  #beat(): void {
    if (this.#ended) return
    if (this.#worker === undefined) this.#calls.tell('starting', [])
    else this.#calls.tell('status', [this.#worker.status()])
    this.#cancelHeartbeat = this.#options.environment.after(HEARTBEAT_MS, () => this.#beat())
  }

  async #workerEnded(worker: Worker, error: unknown): Promise<void> {
    this.#cancelHeartbeat()
    await this.#options.flush?.()
    this.#calls.tell('status', [worker.status()])
    this.#calls.tell('ended', error === undefined ? [] : [errorData(error)])
    this.#end()
  }

  #end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#cancelHeartbeat()
    this.#options.ended()
  }
}
