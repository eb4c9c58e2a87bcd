import {
  assert,
  type Job,
  MalstromError,
  type PeerId,
  type PersistenceBackend,
  type ProcessAddress,
  type ProcessEndpoint,
  type ProcessLinks,
} from '@malstrom/core'
import { CallLink } from '../control/call-link.ts'
import { WorkerServer } from '../control/worker-server.ts'
import { CONTROL_CHANNEL } from '../worker/cluster.ts'
import { withDeadline } from '../worker/deadline.ts'
import type { Environment } from '../worker/environment.ts'
import type { WorkerSpec, WorkerSurroundings } from '../worker/start-worker.ts'
import { checkSharedState } from './check-shared-state.ts'
import { type Assignment, type ClusterEnd, COORDINATOR_SILENCE_MS, JOIN_SESSION, type Welcome } from './cluster-messages.ts'
import { linkFailure } from './link-failure.ts'

/** How long the coordinator may take to hear that this process leaves. */
const LEAVE_MS = 2_000

/** How long a worker may take to close what it has open; one that does not is of no use any more. */
const WORKER_END_MS = 60_000

export interface MembershipOptions {
  readonly job: Job<unknown>
  readonly endpoint: ProcessEndpoint
  readonly coordinator: ProcessAddress
  readonly environment: Environment
  /** How long the coordinator may take to appear. */
  readonly joinLimitMs: number
  openState: ((location: string) => Promise<PersistenceBackend>) | undefined
  logger(line: string): void
}

/**
 * How a membership ends. `lost`: the coordinator is gone, or takes this process for lost; it may join again. `unfit`: this process cannot be a worker
 * of the job.
 */
export type MembershipEnd =
  | { readonly kind: 'over'; readonly end: ClusterEnd }
  | { readonly kind: 'lost'; readonly why: unknown }
  | { readonly kind: 'left' }
  | { readonly kind: 'unfit'; readonly why: MalstromError }

/** The worker that this process is at present. */
interface Present {
  readonly server: WorkerServer
  readonly links: ProcessLinks
  readonly over: Promise<void>
}

/** A process that has joined a coordinator, from its side: it becomes the worker that it is asked to be, again and again. */
export class Membership {
  /** Resolves when it is no member any more and its worker has ended. Rejects if it cannot become one. */
  readonly ended: Promise<MembershipEnd>
  readonly #options: MembershipOptions
  readonly #links: ProcessLinks
  readonly #calls: CallLink
  #welcome: Welcome | undefined
  #present: Present | undefined
  #hasJoined = false
  #isLost = false
  /** Opened for the first worker, and closed when this process is no member any more. */
  #backend: Promise<PersistenceBackend | undefined> | undefined
  #end: (end: MembershipEnd) => void = () => {}

  constructor(options: MembershipOptions) {
    this.#options = options
    const { endpoint, coordinator, joinLimitMs } = options
    this.#links = endpoint.transport({
      session: JOIN_SESSION,
      introduce: true,
      peers: new Map([['coordinator', coordinator]]),
      heartbeatTimeoutMs: COORDINATOR_SILENCE_MS,
      linkTimeoutMs: joinLimitMs,
      refusedIsGone: true,
    })
    const over = new Promise<MembershipEnd>((resolve) => {
      this.#end = resolve
    })
    this.#calls = new CallLink({
      open: (events) => this.#links.open('coordinator', CONTROL_CHANNEL, events),
      answer: (method, args) => this.#answer(method, args),
      told: (event, args) => this.#told(event, args),
      failed: (error) => {
        this.#isLost = true
        this.#end({ kind: 'lost', why: linkFailure(error) })
      },
    })
    this.#calls.listen()
    this.ended = this.#run(over)
  }

  /** Leaves in good order: the job goes back to its last snapshot and waits for another process. */
  async leave(): Promise<void> {
    await this.#sayGoodbye('it has left')
    this.#end({ kind: 'left' })
  }

  async #sayGoodbye(why: string): Promise<void> {
    // Who does not hear of it misses this process soon.
    await withDeadline(this.#options.environment, LEAVE_MS, 'the coordinator', this.#calls.call('leave', [why])).catch(() => {})
  }

  async #run(over: Promise<MembershipEnd>): Promise<MembershipEnd> {
    const { environment, endpoint } = this.#options
    try {
      const end = await Promise.race([over, this.#join(over)])
      if (end.kind === 'unfit') throw end.why
      // Nobody has ever answered.
      if (end.kind === 'lost' && !this.#hasJoined) throw end.why
      await this.#endWorker('This process is no longer part of the cluster.')
      // What was answered last arrives, if there is still somebody.
      if (end.kind !== 'lost') await withDeadline(environment, LEAVE_MS, 'the coordinator', endpoint.close()).catch(() => {})
      return end
    } finally {
      try {
        await this.#endWorker('This process is no longer part of the cluster.')
        await (await this.#backend?.catch(() => undefined))?.close()
      } finally {
        endpoint.destroy()
      }
    }
  }

  /** Joins, and waits for the end. Rejects if it is turned away. */
  async #join(over: Promise<MembershipEnd>): Promise<MembershipEnd> {
    try {
      await this.#introduce()
    } catch (error) {
      // That there is no link is told by the end.
      if (!this.#isLost) throw error
    }
    return over
  }

  async #introduce(): Promise<void> {
    const { job, openState } = this.#options
    const welcome = (await this.#calls.call('join', [job.name])) as Welcome
    if (welcome.state !== undefined && openState === undefined) {
      throw new MalstromError(
        'ERR_STATE_LOCATION',
        `The coordinator of job "${job.name}" names the place of its state, which this process cannot open: give joinCluster an openState.`,
        { context: { job: job.name } },
      )
    }
    await this.#calls.call('ready', [job.graph(welcome.params).fingerprint])
    this.#welcome = welcome
    this.#hasJoined = true
    this.#options.logger(`Has joined job "${job.name}" as ${this.#options.endpoint.address}.`)
  }

  async #answer(method: string, args: readonly unknown[]): Promise<unknown> {
    switch (method) {
      case 'begin':
        return this.#begin(args[0] as Assignment)
      case 'end':
        return this.#endWorker('The job goes back to its last snapshot, or needs this worker no longer.')
      case 'ping':
        return
      case 'over':
        // The answer is to leave first.
        this.#options.environment.after(0, () => this.#end({ kind: 'over', end: args[0] as ClusterEnd }))
        return
      default:
        throw new MalstromError('ERR_PEER_REFUSED', `A process that has joined knows no method "${method}".`)
    }
  }

  #told(event: string, args: readonly unknown[]): void {
    if (event === 'peer') this.#present?.links.addPeer(args[0] as PeerId, args[1] as ProcessAddress)
    else if (event === 'dismissed') this.#end({ kind: 'lost', why: new MalstromError('ERR_WORKER_LOST', String(args[0])) })
  }

  /** Runs to its end before anything else that the coordinator says is treated, so that no peer is missed. */
  #begin({ worker, session, silenceMs, peers }: Assignment): void {
    assert(this.#present === undefined, 'a process is one worker at a time')
    const { endpoint, coordinator, environment, logger } = this.#options
    const links = endpoint.transport({
      session,
      self: worker,
      peers: new Map<PeerId, ProcessAddress>([['coordinator', coordinator], ...peers]),
      heartbeatTimeoutMs: silenceMs,
      linkTimeoutMs: 2 * silenceMs,
      refusedIsGone: true,
    })
    let hasEnded: () => void = () => {}
    const over = new Promise<void>((resolve) => {
      hasEnded = resolve
    })
    const server = new WorkerServer({
      environment,
      open: (events) => links.open('coordinator', CONTROL_CHANNEL, events),
      surroundings: (spec) => this.#surroundings(spec, links),
      ended: () => hasEnded(),
    })
    this.#present = { server, links, over }
    logger(`Is worker ${worker}.`)
  }

  async #surroundings(spec: WorkerSpec, links: ProcessLinks): Promise<Omit<WorkerSurroundings, 'environment' | 'events'>> {
    const { job, openState } = this.#options
    const welcome = this.#welcome
    assert(welcome !== undefined, 'a process joins before it becomes a worker')
    const { params, state, interpret } = welcome
    this.#backend ??= (async () => (state === undefined ? job.persistence?.(params) : openState?.(state)))()
    const backend = await this.#backend
    if (backend !== undefined && spec.keepsState) await this.#checkState(backend, spec)
    return { graph: job.graph(params), interpret, backend, transport: links }
  }

  /** A process that keeps its state elsewhere is of no use, and says so before it does harm. */
  async #checkState(backend: PersistenceBackend, spec: WorkerSpec): Promise<void> {
    try {
      await checkSharedState(this.#options.job.name, backend, spec)
    } catch (error) {
      if (!(error instanceof MalstromError) || error.code !== 'ERR_STATE_LOCATION') throw error
      await this.#sayGoodbye(error.message)
      this.#end({ kind: 'unfit', why: error })
      throw new MalstromError('ERR_WORKER_LOST', error.message, { cause: error })
    }
  }

  async #endWorker(why: string): Promise<void> {
    const present = this.#present
    if (present === undefined) return
    const { environment, job } = this.#options
    present.server.fail(new MalstromError('ERR_WORKER_LOST', why))
    await withDeadline(environment, WORKER_END_MS, `the worker of job "${job.name}" to close what it had open`, present.over)
    present.links.destroy()
    this.#present = undefined
  }
}
