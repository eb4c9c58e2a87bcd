import {
  type Execution,
  type Explanation,
  type JobGraph,
  type JobStatus,
  MalstromError,
  type PersistenceBackend,
  type SnapshotVersion,
} from '@malstrom/core'
import type { Snapshot } from '../snapshot/snapshot.ts'
import type { Environment } from '../worker/environment.ts'
import { startWorker } from '../worker/start-worker.ts'
import { checkSameWorkers } from './check-key-local.ts'
import { checkWorkerCount } from './check-worker-count.ts'
import { explainStopped } from './explain-job.ts'
import { Generation } from './generation.ts'
import { isAbandoned } from './refusal.ts'
import { RestartPolicy } from './restart-policy.ts'
import { StateStore } from './state-store.ts'
import type { WorkerHost } from './worker-host.ts'

export interface JobExecutionOptions {
  /** Builds the graph; called for every start, because functions of a job may remember things. */
  graph(): JobGraph
  readonly environment: Environment
  readonly waitLimitMs: number
  readonly interpret: boolean
  readonly backend: PersistenceBackend | undefined
  /** Whether the backend was made for this execution, which then closes it. */
  readonly ownsBackend: boolean
  readonly snapshotIntervalMs: number
  /** Snapshots that take longer are abandoned. @default 600_000 */
  readonly snapshotTimeoutMs?: number | undefined
  /** The snapshot to go on from; by default the last one. */
  readonly restoreVersion?: SnapshotVersion | undefined
  readonly allowDropped: readonly string[]
  readonly allowMixedKeys?: readonly string[] | undefined
  /** Set if the job runs on several workers; otherwise it runs here. */
  readonly cluster?: { readonly workers: number; readonly host: WorkerHost } | undefined
  /** Called when the job has failed with `cause`, and is to go back to its last snapshot. */
  restarting?(cause: unknown): void
  /** Called when a snapshot that nobody has asked for was abandoned. */
  abandoned?(error: unknown): void
  /** Called when the job has ended and everything is closed, with the reason if it failed; `finished` settles after it. */
  ended(failure: unknown): void | Promise<void>
}

/** How long a snapshot may take, as in Flink. */
export const SNAPSHOT_TIMEOUT_MS = 600_000

/** Errors that come back whenever the job is started. */
const FATAL = new Set([
  'ERR_FENCED',
  'ERR_STATE_LOCATION',
  'ERR_SNAPSHOT_MISMATCH',
  'ERR_SNAPSHOT_NOT_FOUND',
  'ERR_SNAPSHOT_CORRUPT',
  'ERR_VALUE_NOT_ENCODABLE',
  'ERR_WORKERS_MISSING',
])

/**
 * A running job. If it fails and has state somewhere, it goes back to its last snapshot in a new
 * generation, after a pause; a job without state fails, because it could only begin anew.
 */
export class JobExecution implements Execution {
  readonly finished: Promise<void>
  readonly #options: JobExecutionOptions
  readonly #job: string
  /** The graph of the first start, which has been built to see whether it can be. */
  #firstGraph: JobGraph | undefined
  readonly #restarts = new RestartPolicy()
  #generation: Generation | undefined
  #store: StateStore | undefined
  #lastStatus: JobStatus | undefined
  #restarted = 0
  /** Why it has failed last. */
  #lastFailure: unknown
  /** How many workers there are, or are to be after a restart. */
  #workers: number
  #state: 'running' | 'restarting' | 'ended' = 'running'
  /** Cancelled while it was going back to its last snapshot. */
  #cancelledInPause = false
  /** Set when the user has asked for the end. */
  #stopping = false
  /** Ends the pause before a restart; `undefined` if there is none. */
  #cancelPause: (() => void) | undefined
  readonly #waiting = new AbortController()
  #resolve: () => void = () => {}
  #reject: (error: unknown) => void = () => {}

  constructor(options: JobExecutionOptions) {
    this.#options = options
    this.#workers = options.cluster?.workers ?? 1
    this.#firstGraph = options.graph()
    this.#job = this.#firstGraph.name
    this.finished = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  /** Starts the job. Rejects, with everything closed, if that is not possible. */
  async start(): Promise<void> {
    try {
      await this.#options.cluster?.host.ready?.(this.#workers, new AbortController().signal)
      await this.#startGeneration(this.#options.restoreVersion)
    } catch (error) {
      await this.#close()
      throw error
    }
  }

  status(): JobStatus {
    const known = this.#cancelledInPause ? undefined : this.#generation?.status()
    if (known === undefined) return { ...(this.#lastStatus as JobStatus), state: this.#stateInPause(), restarts: this.#restarted }
    const state = known.state === 'failed' && this.#goesBack ? 'restarting' : known.state
    return { ...known, state, restarts: this.#restarted }
  }

  async explain(): Promise<Explanation> {
    const status = this.status()
    const generation = this.#generation
    if (generation === undefined || status.state !== 'running')
      return explainStopped(status, generation === undefined ? this.#lastFailure : generation.failure)
    return generation.explain(status)
  }

  /**
   * Whether a job of which something has failed goes back to its last snapshot. Also until everything of it has ended, when that is
   * decided: whoever asks meanwhile must not take it for a job that has failed for good.
   */
  get #goesBack(): boolean {
    if (this.#state !== 'running') return this.#state === 'restarting'
    return this.#mayGoBack(this.#generation?.failure) && this.#restarts.allows(this.#options.environment.nowMs())
  }

  #mayGoBack(failure: unknown): boolean {
    return this.#options.backend !== undefined && !this.#stopping && !isFatal(failure)
  }

  #stateInPause(): JobStatus['state'] {
    if (this.#cancelledInPause) return 'cancelled'
    return this.#state === 'restarting' ? 'restarting' : 'failed'
  }

  async snapshot(): Promise<SnapshotVersion> {
    this.#checkPersistence('takes no snapshots')
    return this.#running('take a snapshot').snapshot()
  }

  async rescale(workers: number): Promise<void> {
    checkWorkerCount(this.#job, workers)
    if (this.#options.cluster === undefined) {
      throw new MalstromError(
        'ERR_RESCALE',
        `Job "${this.#job}" runs in one thread and cannot be rescaled. Run it with multiThread or processes.`,
      )
    }
    this.#checkPersistence('cannot be rescaled')
    await this.#running('be rescaled').rescale(workers, () => {
      this.#workers = workers
    })
  }

  async suspend(): Promise<SnapshotVersion> {
    this.#checkPersistence('cannot be suspended')
    const generation = this.#running('be suspended')
    this.#stopping = true
    try {
      return await generation.suspend()
    } catch (error) {
      // The job goes on, also after failures, if the last snapshot was abandoned and nothing else has happened.
      if (isAbandoned(error) && generation.failure === undefined) this.#stopping = false
      throw error
    }
  }

  async cancel(): Promise<void> {
    this.finished.catch(() => {}) // Whoever cancels hears of it here.
    this.#stopping = true
    const cancelPause = this.#cancelPause
    if (cancelPause !== undefined) {
      this.#cancelledInPause = true
      this.#cancelPause = undefined
      cancelPause()
      this.#end(undefined)
    }
    // A start that is under way is cancelled when it has been made.
    if (this.#state === 'running') await this.#generation?.cancel()
    await this.finished.catch(() => {})
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cancel()
  }

  async #startGeneration(version: SnapshotVersion | undefined): Promise<void> {
    const { backend, environment, waitLimitMs, snapshotIntervalMs, snapshotTimeoutMs, allowDropped, cluster } = this.#options
    const graph = this.#firstGraph ?? this.#options.graph()
    this.#firstGraph = undefined
    const host = cluster?.host ?? this.#localHost(graph)
    const common = { graph, environment, waitLimitMs, host, distributed: cluster !== undefined }
    if (backend === undefined) {
      this.#follow(await Generation.start({ ...common, workers: firstIds(this.#workers), state: undefined }))
      return
    }
    const store = await StateStore.claim({ graph, backend, environment, waitLimitMs })
    this.#store = store
    environment.failpoint?.('restore.claimed')
    const restored = await store.read(version, allowDropped)
    if (restored !== undefined) checkSameWorkers(graph, restored, this.#workers)
    const workers = restored?.workers.length === this.#workers ? restored.workers : firstIds(this.#workers)
    await store.removeLeftovers([...workers, ...(restored?.workers ?? [])])
    environment.failpoint?.('restore.cleaned')
    const state = {
      store,
      restored,
      intervalMs: snapshotIntervalMs,
      timeoutMs: snapshotTimeoutMs ?? SNAPSHOT_TIMEOUT_MS,
      abandoned: (error: unknown) => this.#options.abandoned?.(error),
      committed: (snapshot: Snapshot) => this.#restarts.committed(snapshot),
      allowMixedKeys: this.#options.allowMixedKeys ?? [],
    }
    this.#follow(await Generation.start({ ...common, workers, state }))
    environment.failpoint?.('restore.started')
  }

  /** A worker in this thread that runs the graph which was built for this start. */
  #localHost(graph: JobGraph): WorkerHost {
    const { environment, interpret, backend } = this.#options
    return { start: (spec, events) => startWorker(spec, { graph, environment, interpret, backend, transport: undefined, events }) }
  }

  #follow(generation: Generation): void {
    this.#generation = generation
    this.#state = 'running'
    generation.finished.then(
      () => this.#ended(undefined),
      (error) => this.#ended(error),
    )
    if (this.#stopping) generation.cancel().catch(() => {}) // Whoever cancels hears of it from `finished`.
  }

  async #ended(error: unknown): Promise<void> {
    this.#lastStatus = this.status()
    this.#lastFailure = error
    const store = this.#store
    this.#store = undefined
    try {
      await store?.close()
    } catch (failure) {
      this.#end(error ?? failure)
      return
    }
    if (error !== undefined && this.#mayGoBack(error)) this.#restart(error)
    else this.#end(error)
  }

  #restart(cause: unknown): void {
    const { environment } = this.#options
    const pauseMs = this.#restarts.next(environment.nowMs())
    if (pauseMs === undefined) {
      this.#end(cause)
      return
    }
    this.#state = 'restarting'
    this.#restarted++
    this.#options.restarting?.(cause)
    this.#cancelPause = environment.after(pauseMs, () => {
      this.#cancelPause = undefined
      this.#generation = undefined
      const { cluster } = this.#options
      if (cluster?.host.ready === undefined) this.#startAgain()
      else this.#awaitPlace(cluster.host.ready(this.#workers, this.#waiting.signal))
    })
  }

  /** Waits for workers as for the end of the pause. */
  #awaitPlace(place: Promise<void>): void {
    this.#cancelPause = () => this.#waiting.abort()
    place.then(
      () => {
        if (this.#cancelledInPause) return
        this.#cancelPause = undefined
        this.#startAgain()
      },
      (error) => {
        if (!this.#cancelledInPause) void this.#ended(error)
      },
    )
  }

  #startAgain(): void {
    this.#startGeneration(undefined).catch((error) => this.#ended(error))
  }

  #end(error: unknown): void {
    this.#state = 'ended'
    const settle = async (failure: unknown) => {
      await this.#options.ended(failure)
      if (failure === undefined) this.#resolve()
      else this.#reject(failure)
    }
    this.#close().then(
      () => settle(error),
      (failure) => settle(error ?? failure),
    )
  }

  async #close(): Promise<void> {
    const store = this.#store
    this.#store = undefined
    await store?.close()
    if (this.#options.ownsBackend) await this.#options.backend?.close()
  }

  #running(what: string): Generation {
    if (this.#generation !== undefined && this.#state === 'running') return this.#generation
    const how = this.#state === 'restarting' ? 'going back to its last snapshot' : 'not running'
    throw new MalstromError('ERR_NOT_RUNNING', `Job "${this.#job}" cannot ${what}: it is ${how}.`, {
      context: { job: this.#job },
    })
  }

  #checkPersistence(what: string): void {
    const { backend } = this.#options
    if (backend !== undefined) return
    throw new MalstromError(
      'ERR_NO_PERSISTENCE',
      `Job "${this.#job}" has nowhere to keep state, so it ${what}. Give the job a persistence backend: defineJob({ persistence: () => diskPersistence('./state'), ... }).`,
      { context: { job: this.#job } },
    )
  }
}

function firstIds(count: number): number[] {
  return Array.from({ length: count }, (_, id) => id)
}

/** What a restart would not mend. */
function isFatal(error: unknown): boolean {
  return (error instanceof MalstromError && FATAL.has(error.code)) || isReaderGone(error)
}

/** Whoever read a pipe does not come back. */
function isReaderGone(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) if ((cause as { code?: unknown }).code === 'EPIPE') return true
  return false
}
