import { randomBytes } from 'node:crypto'
import { type Execution, MalstromError, messageOf, type ProcessEndpoint, type ProcessLinks, type WorkerId } from '@malstrom/core'
import { RemoteWorker } from '../control/remote-worker.ts'
import type { WorkerHost } from '../coordinator/worker-host.ts'
import type { WorkerData } from '../host/worker-surroundings.ts'
import { CONTROL_CHANNEL } from '../worker/cluster.ts'
import { withDeadline } from '../worker/deadline.ts'
import type { Environment } from '../worker/environment.ts'
import type { WorkerSpec } from '../worker/start-worker.ts'
import type { WorkerEvents, WorkerHandle } from '../worker/worker-handle.ts'
import type { ClusterMember } from './cluster-member.ts'
import { ClusterMembers } from './cluster-members.ts'
import { type ClusterSecurity, type ClusterStatus, endpointSecurity, JOIN_SESSION, MEMBER_SILENCE_MS } from './cluster-messages.ts'
import { importTransport } from './import-transport.ts'

/** How long those who asked something may take to hear the answer when the job has ended. */
const CLOSE_MS = 2_000

/** A link waits for its other end for some times of what a silence may last. */
const LINK_SILENCES = 2

export interface ClusterHostOptions {
  readonly data: WorkerData
  /** The module of the transport package. */
  readonly transport: string
  readonly listen: string
  readonly advertisedHost: string | undefined
  readonly security: ClusterSecurity | undefined
  readonly environment: Environment
  readonly silenceMs: number
  /** How long the job waits for workers. */
  readonly joinLimitMs: number
  logger(line: string): void
}

/** What is open while the coordinator is. */
interface Opened {
  readonly endpoint: ProcessEndpoint
  readonly members: ClusterMembers
}

/** The links of one start of the job. */
interface Generation {
  readonly number: number
  readonly session: string
  readonly links: ProcessLinks
  readonly workers: Map<WorkerId, ClusterMember>
}

/** Runs workers in processes that others have started, on any machine, and that have joined here. */
export class ClusterHost implements WorkerHost {
  readonly #options: ClusterHostOptions
  /** Tells the sessions of this coordinator from those of the one before it. */
  readonly #name = randomBytes(8).toString('hex')
  #opened: Opened | undefined
  #generation: Generation | undefined
  #execution: Execution | undefined

  constructor(options: ClusterHostOptions) {
    this.#options = options
  }

  /** Listens for processes that join. @throws MalstromError `ERR_ADDRESS_IN_USE`, `ERR_TRANSPORT_INSECURE` and more */
  async open(): Promise<void> {
    const { transport, listen, advertisedHost, security, data, environment, silenceMs, logger } = this.#options
    const { endpointAt } = await importTransport(transport)
    const place = { self: 'coordinator' as const, listen, advertisedHost, security: endpointSecurity(security), logger }
    const endpoint = await endpointAt(place)
    const links = endpoint.transport({
      session: JOIN_SESSION,
      peers: new Map(),
      heartbeatTimeoutMs: MEMBER_SILENCE_MS,
      refusedIsGone: true,
      welcome: (peer, address) => members.arrived(peer, address),
    })
    const { params, state, interpret, fingerprint } = data
    const members = new ClusterMembers({
      job: data.job,
      welcome: { params, state, interpret, fingerprint },
      links,
      environment,
      silenceMs,
      logger,
      asked: (method, args) => this.#asked(method, args),
    })
    this.#opened = { endpoint, members }
    logger(`Job "${data.job}" waits for its workers at ${endpoint.address}.`)
  }

  /** From now on others can ask for the status of the job and rescale it. */
  serve(execution: Execution): void {
    this.#execution = execution
  }

  async ready(workers: number, signal: AbortSignal): Promise<void> {
    const { members } = this.#open
    const { environment, joinLimitMs, logger } = this.#options
    await new Promise<void>((resolve, reject) => {
      let told: number | undefined
      const check = () => {
        const there = members.spares.length
        if (there >= workers) settle()
        else if (there !== told) logger(`${there} of ${workers} workers are there.`)
        told = there
      }
      const settle = (error?: unknown) => {
        unwatch()
        cancel()
        signal.removeEventListener('abort', abort)
        if (error === undefined) resolve()
        else reject(error)
      }
      const abort = () => settle(signal.reason)
      const cancel = environment.after(joinLimitMs, () => settle(this.#missing(workers)))
      const unwatch = members.watch(check)
      signal.addEventListener('abort', abort)
      check()
    })
  }

  checkRoom(added: number): void {
    const { members, endpoint } = this.#open
    const there = members.spares.length
    if (there >= added) return
    const { job } = this.#options.data
    throw new MalstromError(
      'ERR_RESCALE',
      `Job "${job}" cannot get ${added} more ${added === 1 ? 'worker' : 'workers'}: ${there === 0 ? 'no process has' : `only ${there} ${there === 1 ? 'process has' : 'processes have'}`} joined that is none yet. Start another: malstrom worker <job file> --coordinator ${endpoint.address}.`,
      { context: { job } },
    )
  }

  async start(spec: WorkerSpec, events: WorkerEvents): Promise<WorkerHandle> {
    const { data, environment, silenceMs } = this.#options
    const { id } = spec
    const generation = this.#of(spec.generation)
    const [member] = this.#open.members.spares
    if (member === undefined) throw new MalstromError('ERR_WORKER_LOST', `The process that was to become worker ${id} is gone.`)
    const { session, links, workers } = generation
    const peers = [...workers].map(([worker, { place }]) => [worker, place] as const)
    for (const other of workers.values()) other.tellPeer(id, member.place)
    workers.set(id, member)
    links.addPeer(id, member.place)
    const forget = () => {
      if (workers.get(id) === member) workers.delete(id)
    }
    await member.begin({ worker: id, session, silenceMs, peers }).catch((error) => {
      forget()
      throw error
    })
    return RemoteWorker.start({
      spec,
      job: data.job,
      environment,
      silenceMs,
      events,
      open: (linkEvents) => {
        void member.gone.then((why) => linkEvents.failed(memberLost(id, member, why)))
        return links.open(id, CONTROL_CHANNEL, linkEvents)
      },
      terminate: async (how) => {
        if (how === 'ended') await member.free(id)
        else member.dismiss(`The coordinator could not reach it as worker ${id} any more.`)
        forget()
      },
    })
  }

  /** Tells everybody how the job has ended, and stops listening. */
  async close(failure: unknown): Promise<void> {
    const opened = this.#opened
    if (opened === undefined) return
    const { environment } = this.#options
    const how = this.#execution?.status().state ?? 'failed'
    await opened.members.close(failure === undefined ? { how } : { how: 'failed', problem: messageOf(failure) })
    // Whoever does not take its answer finds nobody here.
    await withDeadline(environment, CLOSE_MS, 'those that have joined', opened.endpoint.close()).catch(() => {})
    opened.endpoint.destroy()
  }

  get #open(): Opened {
    if (this.#opened !== undefined) return this.#opened
    throw new MalstromError('ERR_NOT_RUNNING', `The coordinator of job "${this.#options.data.job}" does not listen.`)
  }

  #of(number: number): Generation {
    if (this.#generation?.number === number) return this.#generation
    // Whoever still believes in the generation before is turned away from now on.
    this.#generation?.links.destroy()
    const { data, silenceMs } = this.#options
    const session = `${data.job} ${data.fingerprint} ${this.#name} generation ${number}`
    const links = this.#open.endpoint.transport({
      session,
      peers: new Map(),
      heartbeatTimeoutMs: silenceMs,
      linkTimeoutMs: LINK_SILENCES * silenceMs,
      refusedIsGone: true,
    })
    this.#generation = { number, session, links, workers: new Map() }
    return this.#generation
  }

  async #asked(method: string, args: readonly unknown[]): Promise<unknown> {
    const execution = this.#execution
    if (execution === undefined) {
      const { job } = this.#options.data
      throw new MalstromError('ERR_NOT_RUNNING', `Job "${job}" has not started yet: it waits for its workers.`, { context: { job } })
    }
    if (method === 'rescale') return execution.rescale(args[0] as number)
    if (method === 'status') return this.#status(execution)
    if (method === 'explain') return execution.explain()
    throw new MalstromError('ERR_PEER_REFUSED', `A coordinator knows no method "${method}".`)
  }

  #status(execution: Execution): ClusterStatus {
    const workers = [...(this.#generation?.workers ?? [])].map(([worker, { address }]) => ({ worker, address }))
    return {
      job: execution.status(),
      workers: workers.sort((a, b) => a.worker - b.worker),
      spares: this.#open.members.spares.map(({ address }) => address),
    }
  }

  #missing(workers: number): MalstromError {
    const { data, joinLimitMs } = this.#options
    const { endpoint, members } = this.#open
    const there = members.spares.length
    return new MalstromError(
      'ERR_WORKERS_MISSING',
      `Job "${data.job}" needs ${workers} workers, and ${there === 0 ? 'none' : there} ${there > 1 ? 'have' : 'has'} joined ${endpoint.address} within ${joinLimitMs} ms. Start the others: malstrom worker <job file> --coordinator ${endpoint.address}.`,
      { context: { job: data.job } },
    )
  }
}

function memberLost(worker: WorkerId, { address }: ClusterMember, why: string): MalstromError {
  return new MalstromError('ERR_WORKER_LOST', `Worker ${worker}, the process at ${address}, is lost: ${why}`)
}
