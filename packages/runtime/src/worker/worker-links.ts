import { type Link, type LinkEvents, MalstromError, type WorkerId } from '@malstrom/core'
import { FrameDecoder, FrameEncoder } from '../codec/frame-codec.ts'
import { ExchangeLink } from '../exchange/exchange-link.ts'
import { HandoffLink } from '../exchange/handoff-link.ts'
import { type Cluster, exchangeChannel, handoffChannel } from './cluster.ts'

interface Receiver {
  receive(): void
}

/** The connection to another worker is lost: nobody knows what became of that one. */
export function linkLost(cause: Error): MalstromError {
  return cause instanceof MalstromError && cause.code === 'ERR_WORKER_LOST'
    ? cause
    : new MalstromError('ERR_WORKER_LOST', `A connection between workers is lost: ${cause.message}`, { cause })
}

/** The links of one worker to all others. What arrives is read at the beginning of a round of the worker. */
export class WorkerLinks {
  readonly #cluster: Cluster
  readonly #generated: boolean
  readonly #encoders = new Map<number, FrameEncoder>()
  readonly #wake: () => void
  readonly #failed: (error: Error) => void
  readonly #exchanges = new Map<string, ExchangeLink>()
  readonly #handoffs = new Map<string, HandoffLink>()
  #readable: Receiver[] = []
  readonly #gone = new Set<WorkerId>()

  /** `generated`: whether code may be generated for the frames. */
  constructor(cluster: Cluster, generated: boolean, wake: () => void, failed: (error: Error) => void) {
    this.#cluster = cluster
    this.#generated = generated
    this.#wake = wake
    this.#failed = failed
  }

  /** The link to a worker over which records of an exchange go there and come from there. */
  exchange(exchange: number, worker: WorkerId, keyed: boolean): ExchangeLink {
    const name = `${exchange} ${worker}`
    const known = this.#exchanges.get(name)
    if (known !== undefined) return known
    const link: ExchangeLink = new ExchangeLink({
      keyed,
      encoder: this.#encoder(exchange),
      decoder: new FrameDecoder({ generated: this.#generated }),
      open: this.#opener(worker, exchangeChannel(exchange)),
      ...this.#events(worker, () => link),
    })
    this.#exchanges.set(name, link)
    this.#readable.push(link)
    return link
  }

  /** The link to a worker over which the states of a task move. */
  handoff(task: number, worker: WorkerId): HandoffLink {
    const name = `${task} ${worker}`
    const known = this.#handoffs.get(name)
    if (known !== undefined) return known
    const link: HandoffLink = new HandoffLink(
      this.#opener(worker, handoffChannel(task)),
      this.#events(worker, () => link),
    )
    this.#handoffs.set(name, link)
    this.#readable.push(link)
    return link
  }

  /** Reads what has arrived; returns false if nothing has. */
  receive(): boolean {
    if (this.#readable.length === 0) return false
    const readable = this.#readable
    this.#readable = []
    for (const link of readable) link.receive()
    return true
  }

  /** A worker has left: that its links end is no failure any more. */
  forget(worker: WorkerId): void {
    this.#gone.add(worker)
  }

  #encoder(exchange: number): FrameEncoder {
    const known = this.#encoders.get(exchange) ?? new FrameEncoder({ generated: this.#generated })
    this.#encoders.set(exchange, known)
    return known
  }

  #opener(worker: WorkerId, channel: number): (events: LinkEvents) => Link {
    return (events) => this.#cluster.transport.open(worker, channel, events)
  }

  #events(worker: WorkerId, linkOf: () => Receiver) {
    return {
      arrived: () => {
        const link = linkOf()
        if (!this.#readable.includes(link)) this.#readable.push(link)
        this.#wake()
      },
      wake: this.#wake,
      failed: (error: Error) => {
        if (!this.#gone.has(worker)) this.#failed(linkLost(error))
      },
    }
  }
}
