import type { Worker } from 'node:worker_threads'
import type { WorkerId } from '@malstrom/core'
import { RemoteWorker } from '../control/remote-worker.ts'
import type { WorkerHost } from '../coordinator/worker-host.ts'
import type { WorkerData } from '../host/worker-surroundings.ts'
import { CONTROL_CHANNEL } from '../worker/cluster.ts'
import type { Environment } from '../worker/environment.ts'
import type { WorkerSpec } from '../worker/start-worker.ts'
import type { WorkerEvents, WorkerHandle } from '../worker/worker-handle.ts'
import { createEnds } from './ends.ts'
import { type ThreadMessage, threadLost } from './messages.ts'
import { startThread } from './start-thread.ts'
import { ThreadTransport } from './thread-transport.ts'

export interface ThreadHostOptions {
  readonly data: WorkerData
  readonly environment: Environment
  readonly silenceMs: number
}

/** Runs each worker in a thread of this process; the coordinator is in this one. */
export class ThreadHost implements WorkerHost {
  readonly #options: ThreadHostOptions
  readonly #threads = new Map<WorkerId, Worker>()
  #transport = new ThreadTransport()
  #generation = 0

  constructor(options: ThreadHostOptions) {
    this.#options = options
  }

  async start(spec: WorkerSpec, events: WorkerEvents): Promise<WorkerHandle> {
    const { data, environment, silenceMs } = this.#options
    this.#beginGeneration(spec.generation)
    const { id } = spec
    const thread = startThread(data)
    const transport = this.#connect(id, thread)
    let failure: unknown
    thread.on('error', (error) => {
      failure = error
    })
    thread.on('exit', () => this.#lost(id, thread, transport, failure))
    return RemoteWorker.start({
      spec,
      job: data.job,
      environment,
      silenceMs,
      events,
      open: (linkEvents) => transport.open(id, CONTROL_CHANNEL, linkEvents),
      terminate: async () => {
        await thread.terminate()
      },
    })
  }

  #beginGeneration(generation: number): void {
    if (generation === this.#generation) return
    this.#generation = generation
    this.#transport = new ThreadTransport()
    this.#threads.clear()
  }

  /** Connects a new thread with this one and with all others. */
  #connect(id: WorkerId, thread: Worker): ThreadTransport {
    const transport = this.#transport
    const [own, theirs] = createEnds()
    transport.addPeer(id, own)
    post(thread, { kind: 'peer', peer: 'coordinator', ends: theirs })
    for (const [peer, other] of this.#threads) {
      const [there, here] = createEnds()
      post(other, { kind: 'peer', peer: id, ends: there })
      post(thread, { kind: 'peer', peer, ends: here })
    }
    this.#threads.set(id, thread)
    return transport
  }

  #lost(id: WorkerId, thread: Worker, transport: ThreadTransport, failure: unknown): void {
    transport.peerLost(id, threadLost(id, failure))
    if (this.#threads.get(id) !== thread) return
    this.#threads.delete(id)
    for (const other of this.#threads.values()) {
      const why = failure instanceof Error ? failure.message : 'it exited'
      other.postMessage({ kind: 'lost', peer: id, why } satisfies ThreadMessage)
    }
  }
}

function post(thread: Worker, message: ThreadMessage & { kind: 'peer' }): void {
  thread.postMessage(message, [message.ends.port])
}
