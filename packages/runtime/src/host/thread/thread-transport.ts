import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { type Link, type LinkEvents, MalstromError, type PeerId, type Transport } from '@malstrom/core'

/** What arrives over a port: a frame of a channel. */
interface Parcel {
  readonly channel: number
  readonly frame: Uint8Array
}

interface Channel {
  readonly arrived: Uint8Array[]
  events: LinkEvents | undefined
  /** `receive` has returned nothing since the last frame came. */
  waiting: boolean
}

interface Peer {
  port: MessagePort | undefined
  /** What was sent before the port was there. */
  early: Parcel[]
  readonly channels: Map<number, Channel>
  lost: Error | undefined
}

/** The two ends of the connection between two threads. */
export function connectThreads(): readonly [MessagePort, MessagePort] {
  const { port1, port2 } = new MessageChannel()
  return [port1, port2]
}

/** Links between threads of one process: frames are copied once and then change hands. */
export class ThreadTransport implements Transport {
  readonly #peers = new Map<PeerId, Peer>()

  /** The connection to a peer is there. */
  addPeer(id: PeerId, port: MessagePort): void {
    const peer = this.#peer(id)
    peer.port = port
    port.on('message', (parcel: Parcel) => this.#arrive(peer, parcel))
    port.unref()
    const early = peer.early
    peer.early = []
    for (const parcel of early) post(port, parcel)
  }

  /** The thread of a peer is gone. */
  peerLost(id: PeerId, error: Error): void {
    const peer = this.#peer(id)
    if (peer.lost !== undefined) return
    peer.lost = error
    peer.port?.close()
    for (const { events } of peer.channels.values()) events?.failed(error)
  }

  open(id: PeerId, number: number, events: LinkEvents): Link {
    const peer = this.#peer(id)
    const channel = channelOf(peer, number)
    channel.events = events
    const { lost } = peer
    if (lost !== undefined) queueMicrotask(() => events.failed(lost))
    return {
      send: (frame) => {
        if (peer.lost !== undefined) return
        const parcel = { channel: number, frame: new Uint8Array(frame) }
        if (peer.port === undefined) peer.early.push(parcel)
        else post(peer.port, parcel)
      },
      receive: () => {
        const frame = channel.arrived.shift()
        if (frame === undefined) channel.waiting = true
        return frame
      },
      queuedBytes: 0,
    }
  }

  async close(): Promise<void> {
    for (const { port } of this.#peers.values()) port?.close()
    this.#peers.clear()
  }

  #peer(id: PeerId): Peer {
    const known = this.#peers.get(id) ?? { port: undefined, early: [], channels: new Map(), lost: undefined }
    this.#peers.set(id, known)
    return known
  }

  #arrive(peer: Peer, { channel: number, frame }: Parcel): void {
    const channel = channelOf(peer, number)
    channel.arrived.push(frame)
    if (!channel.waiting) return
    channel.waiting = false
    channel.events?.readable()
  }
}

function post(port: MessagePort, parcel: Parcel): void {
  port.postMessage(parcel, [parcel.frame.buffer as ArrayBuffer])
}

function channelOf(peer: Peer, number: number): Channel {
  const known = peer.channels.get(number) ?? { arrived: [], events: undefined, waiting: false }
  peer.channels.set(number, known)
  return known
}

export function threadLost(worker: PeerId, cause: unknown): MalstromError {
  const why = cause instanceof Error ? `: ${cause.message}` : ''
  return new MalstromError('ERR_WORKER_LOST', `The thread of worker ${worker} has ended before the job did${why}.`, { cause })
}
