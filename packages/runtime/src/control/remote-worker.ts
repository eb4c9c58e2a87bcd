import { type Key, type Link, type LinkEvents, MalstromError, type SnapshotVersion, type WorkerId } from '@malstrom/core'
import type { Barrier } from '../snapshot/barrier.ts'
import type { SourcePartitionSnapshot, WorkerSnapshot } from '../snapshot/snapshot.ts'
import type { Environment } from '../worker/environment.ts'
import type { WorkerSpec } from '../worker/start-worker.ts'
import type { MovedSink, ReroutePlan, WorkerEvents, WorkerHandle } from '../worker/worker-handle.ts'
import type { WorkerReport } from '../worker/worker-report.ts'
import type { WorkerStatus } from '../worker/worker-status.ts'
import { CallLink } from './call-link.ts'
import { type ErrorData, errorFrom } from './error-data.ts'

/** How long a worker may take to come to be: to start its thread or process, and to import the job. */
const START_MS_MAX = 60_000

export interface RemoteWorkerOptions {
  readonly spec: WorkerSpec
  readonly job: string
  readonly environment: Environment
  /** A worker that has said nothing for so long counts as lost. */
  readonly silenceMs: number
  readonly events: WorkerEvents
  open(events: LinkEvents): Link
  /**
   * Ends the thread or the process of the worker, whatever it is doing. `ended`: the worker has said that it is over; `lost`: nothing can
   * be heard from it any more.
   */
  terminate(how: 'ended' | 'lost'): Promise<void>
}

/** The coordinator's side of the control link to a worker that runs elsewhere. */
export class RemoteWorker implements WorkerHandle {
  readonly finished: Promise<void>
  readonly #options: RemoteWorkerOptions
  readonly #calls: CallLink
  #status: WorkerStatus
  #cancelSilence: () => void = () => {}
  #failing = false
  #over = false
  #resolve: () => void = () => {}
  #reject: (error: unknown) => void = () => {}

  private constructor(options: RemoteWorkerOptions) {
    this.#options = options
    this.#status = {
      job: options.job,
      state: 'running',
      recordsIn: 0,
      recordsOut: 0,
      late: 0,
      skipped: 0,
      frontier: undefined,
      sources: [],
      operators: [],
    }
    this.finished = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    // Whoever waits hears of it.
    this.finished.catch(() => {})
    this.#calls = new CallLink({
      open: (events) => options.open(events),
      answer: async (method) => {
        throw new MalstromError('ERR_ASSERTION', `A coordinator knows no method "${method}".`)
      },
      told: (event, args) => this.#told(event, args),
      failed: (error) => this.lost(error),
    })
    this.#calls.listen()
  }

  /** Resolves when the worker has loaded what it goes on from and reads. */
  static async start(options: RemoteWorkerOptions): Promise<RemoteWorker> {
    const worker = new RemoteWorker(options)
    worker.#awaitSign(Math.max(START_MS_MAX, options.silenceMs))
    try {
      await worker.#calls.call('start', [options.spec])
    } catch (error) {
      worker.#fail(error, 'ended')
      await worker.finished.catch(() => {})
      throw error
    }
    return worker
  }

  get id(): WorkerId {
    return this.#options.spec.id
  }

  status(): WorkerStatus {
    return this.#status
  }

  async explain(): Promise<WorkerReport> {
    return (await this.#calls.call('explain', [])) as WorkerReport
  }

  async snapshot(barrier: Barrier): Promise<WorkerSnapshot> {
    return (await this.#calls.call('snapshot', [barrier])) as WorkerSnapshot
  }

  async abandonSnapshot(version: SnapshotVersion): Promise<boolean> {
    return (await this.#calls.call('abandonSnapshot', [version])) as boolean
  }

  async committed(version: SnapshotVersion): Promise<void> {
    await this.#calls.call('committed', [version])
  }

  async deleteSegments(paths: readonly string[]): Promise<void> {
    await this.#calls.call('deleteSegments', [paths])
  }

  async prepare(plan: ReroutePlan): Promise<void> {
    await this.#calls.call('prepare', [plan])
  }

  async arrive(source: string, saved: SourcePartitionSnapshot): Promise<void> {
    await this.#calls.call('arrive', [source, saved])
  }

  async open(source: string, partition: Key): Promise<boolean> {
    return (await this.#calls.call('open', [source, partition])) as boolean
  }

  async rerouted(): Promise<void> {
    await this.#calls.call('rerouted', [])
  }

  async releaseSinks(): Promise<void> {
    await this.#calls.call('releaseSinks', [])
  }

  async settleSinks(moved: readonly MovedSink[]): Promise<void> {
    await this.#calls.call('settleSinks', [moved])
  }

  async finish(): Promise<void> {
    await this.#end('finish')
  }

  async suspend(): Promise<void> {
    await this.#end('suspend')
  }

  async cancel(): Promise<void> {
    await this.#end('cancel')
  }

  async #end(how: 'finish' | 'suspend' | 'cancel'): Promise<void> {
    // How it ends, `finished` tells: the answer may come after the end.
    this.#calls.call(how, []).catch(() => {})
    await this.finished
  }

  /** Others may have been connected with the worker until they ended too, so it is kept until then. */
  async release(): Promise<void> {
    await this.#options.terminate('ended')
  }

  fail(error: unknown): void {
    if (this.#over) return
    this.#awaitSign()
    this.#failing = true
    this.#calls.tell('fail', [error instanceof Error ? error.message : String(error)])
  }

  /** The worker is gone, or cannot be reached: what it was is ended by force. */
  lost(error: unknown): void {
    this.#fail(error, 'lost')
  }

  #fail(error: unknown, how: 'ended' | 'lost'): void {
    if (this.#over) return
    this.#over = true
    this.#cancelSilence()
    const cause = error instanceof Error ? error : new Error(String(error))
    this.#status = { ...this.#status, state: 'failed' }
    this.#calls.fail(cause)
    const end = () => this.#reject(cause)
    this.#options.terminate(how).then(end, end)
  }

  #told(event: string, args: readonly unknown[]): void {
    if (this.#over) return
    this.#awaitSign()
    if (event === 'complete') this.#options.events.complete(args[0] as number)
    else if (event === 'left') this.#options.events.left(args[0] as string, args[1] as WorkerId, args[2] as SourcePartitionSnapshot)
    else if (event === 'status') this.#status = args[0] as WorkerStatus
    else if (event === 'ended') this.#workerEnded(args[0] as ErrorData | undefined)
  }

  #workerEnded(failure: ErrorData | undefined): void {
    if (failure !== undefined) {
      this.#fail(errorFrom(failure), 'ended')
      return
    }
    this.#over = true
    this.#cancelSilence()
    this.#resolve()
    // Answers that are still under way have been overtaken by the end.
    this.#calls.fail(new MalstromError('ERR_NOT_RUNNING', `Worker ${this.id} has ended.`))
  }

  #awaitSign(silenceMs = this.#options.silenceMs): void {
    // Once it is to end, signs of life are not enough.
    if (this.#failing) return
    const { environment } = this.#options
    this.#cancelSilence()
    this.#cancelSilence = environment.after(silenceMs, () => {
      this.lost(
        new MalstromError(
          'ERR_WORKER_LOST',
          `Waited ${silenceMs} ms for worker ${this.id} ${this.#failing ? 'to close what it had open' : 'to give a sign of life'}.`,
        ),
      )
    })
  }
}
