import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MalstromError, type ProcessEndpoint, type ProcessLinks, type WorkerId } from '@malstrom/core'
import { RemoteWorker } from '../control/remote-worker.ts'
import type { WorkerHost } from '../coordinator/worker-host.ts'
import type { WorkerData } from '../host/worker-surroundings.ts'
import { CONTROL_CHANNEL } from '../worker/cluster.ts'
import { withDeadline } from '../worker/deadline.ts'
import type { Environment } from '../worker/environment.ts'
import type { WorkerSpec } from '../worker/start-worker.ts'
import type { WorkerEvents, WorkerHandle } from '../worker/worker-handle.ts'
import { importTransport } from './import-transport.ts'
import { PROCESS_SILENCE_MS, type ProcessAnswer, type ProcessData, type ProcessMessage } from './messages.ts'
import { startProcess } from './start-process.ts'

/** How long a process may take to say where it can be reached. */
const START_MS_MAX = 60_000

export interface ProcessHostOptions {
  readonly data: WorkerData
  /** The module of the transport package. */
  readonly transport: string
  readonly environment: Environment
  readonly silenceMs: number
}

/** The processes of one start of a job, and the way to each. */
interface Generation {
  readonly number: number
  readonly session: string
  readonly transport: ProcessLinks
  readonly addresses: Map<WorkerId, string>
  readonly children: Map<WorkerId, ChildProcess>
}

/** Runs each worker in a process of its own on this machine; the coordinator is in this one. */
export class ProcessHost implements WorkerHost {
  readonly #options: ProcessHostOptions
  readonly #folder = mkdtempSync(join(tmpdir(), 'malstrom-'))
  #endpoint: Promise<ProcessEndpoint> | undefined
  #generation: Promise<Generation> | undefined
  #number = 0

  constructor(options: ProcessHostOptions) {
    this.#options = options
  }

  async start(spec: WorkerSpec, events: WorkerEvents): Promise<WorkerHandle> {
    const { data, transport, environment, silenceMs } = this.#options
    const generation = await this.#of(spec.generation)
    const { id } = spec
    const folder = mkdtempSync(join(this.#folder, `${generation.number}-`))
    const child = startProcess(data)
    generation.children.set(id, child)
    let over = false
    const exited = once(child, 'exit').then(([status, signal]) => {
      over = true
      generation.children.delete(id)
      return `it ended with ${signal ?? `status ${status}`}`
    })
    const address = await this.#reach(child, exited, { ...data, id, folder, session: generation.session, transport })
    this.#introduce(generation, id, address)
    const lost = exited.then((why) => processLost(id, why))
    const handle = await RemoteWorker.start({
      spec,
      job: data.job,
      environment,
      silenceMs,
      events,
      open: (linkEvents) => {
        lost.then((error) => linkEvents.failed(error))
        return generation.transport.open(id, CONTROL_CHANNEL, linkEvents)
      },
      terminate: async () => {
        if (!over) child.kill('SIGKILL')
        await exited
      },
    })
    return handle
  }

  /** Ends what is left, and removes the addresses. */
  async close(): Promise<void> {
    const generation = await this.#generation?.catch(() => undefined)
    for (const child of generation?.children.values() ?? []) child.kill('SIGKILL')
    const endpoint = await this.#endpoint?.catch(() => undefined)
    endpoint?.destroy()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** Waits until the process has said where it can be reached. */
  async #reach(child: ChildProcess, exited: Promise<string>, data: ProcessData): Promise<string> {
    const { environment } = this.#options
    const next = async (): Promise<ProcessAnswer> => {
      const answer = once(child, 'message').then(([message]) => message as ProcessAnswer)
      const ended = exited.then((why): ProcessAnswer => ({ problem: why }))
      return withDeadline(environment, START_MS_MAX, `the process of worker ${data.id} to begin`, Promise.race([answer, ended]))
    }
    const begun = await next()
    if (begun.problem !== undefined) throw processLost(data.id, begun.problem)
    post(child, { kind: 'start', data })
    const { address, problem } = await next()
    if (address === undefined) throw processLost(data.id, problem ?? 'it did not say where it is')
    return address
  }

  /** Tells the new process of all others, and them of it. */
  #introduce({ children, addresses, transport }: Generation, id: WorkerId, address: string): void {
    const child = children.get(id)
    transport.addPeer(id, { address })
    for (const [peer, known] of addresses) {
      const other = children.get(peer)
      if (other === undefined) continue
      post(other, { kind: 'peer', peer: id, address })
      if (child !== undefined) post(child, { kind: 'peer', peer, address: known })
    }
    addresses.set(id, address)
    const own = this.#endpoint
    if (child !== undefined) own?.then((endpoint) => post(child, { kind: 'peer', peer: 'coordinator', address: endpoint.address }))
  }

  #of(number: number): Promise<Generation> {
    if (this.#generation !== undefined && number === this.#number) return this.#generation
    this.#number = number
    // Nothing of the start before is left that could be told anything.
    this.#generation?.then(({ transport }) => transport.destroy()).catch(() => {})
    this.#generation = this.#begin(number)
    return this.#generation
  }

  async #begin(number: number): Promise<Generation> {
    const { data, transport } = this.#options
    this.#endpoint ??= importTransport(transport).then(({ endpointIn }) => endpointIn(this.#folder, 'coordinator'))
    const endpoint = await this.#endpoint
    const session = `${data.job} ${data.fingerprint} generation ${number}`
    const links = endpoint.transport({ session, peers: new Map(), heartbeatTimeoutMs: PROCESS_SILENCE_MS })
    return { number, session, transport: links, addresses: new Map(), children: new Map() }
  }
}

function post(child: ChildProcess, message: ProcessMessage): void {
  // Who has ended needs no message.
  if (child.connected) child.send(message, () => {})
}

function processLost(worker: WorkerId, why: string): MalstromError {
  return new MalstromError('ERR_WORKER_LOST', `The process of worker ${worker} has ended before the job did: ${why}.`)
}
