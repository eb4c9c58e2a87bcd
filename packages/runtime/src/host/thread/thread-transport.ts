import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { type Link, type LinkEvents, MalstromError, type PeerId, type Transport } from '@malstrom/core'
import { newRing, RingReader, RingWriter } from './ring.ts'

/** Frames that are written before the other thread is woken, if this one does not come to rest before. */
const UNANNOUNCED_FRAMES_MAX = 8

/** What two threads tell each other besides what is in the rings. */
type Note =
  | { readonly channel: number; readonly note: 'ring'; readonly ring: SharedArrayBuffer }
  | { readonly channel: number; readonly note: 'written' | 'room' }

interface Peer {
  port: MessagePort | undefined
  /** What was to be said before the port was there. */
  early: Note[]
  readonly channels: Map<number, ThreadLink>
  lost: Error | undefined
}

/** The two ends of the connection between two threads. */
export function connectThreads(): readonly [MessagePort, MessagePort] {
  const { port1, port2 } = new MessageChannel()
  return [port1, port2]
}

/**
 * Links between threads of one process. Each direction of a channel has a ring in shared memory, made when something is first sent.
 * A side that finds nothing to read sleeps, and is woken by a message; likewise one that finds no room.
 */
export class ThreadTransport implements Transport {
  readonly #peers = new Map<PeerId, Peer>()

  /** The connection to a peer is there. */
  addPeer(id: PeerId, port: MessagePort): void {
    const peer = this.#peer(id)
    peer.port = port
    port.on('message', (note: Note) => this.#link(peer, note.channel).noted(note))
    port.unref()
    for (const note of peer.early.splice(0)) port.postMessage(note)
  }

  /** The thread of a peer is gone. */
  peerLost(id: PeerId, error: Error): void {
    const peer = this.#peer(id)
    if (peer.lost !== undefined) return
    peer.lost = error
    peer.port?.close()
    for (const link of peer.channels.values()) link.events?.failed(error)
  }

  open(id: PeerId, channel: number, events: LinkEvents): Link {
    const peer = this.#peer(id)
    const link = this.#link(peer, channel)
    link.events = events
    const { lost } = peer
    if (lost !== undefined) queueMicrotask(() => events.failed(lost))
    return link
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

  #link(peer: Peer, channel: number): ThreadLink {
    const known = peer.channels.get(channel)
    if (known !== undefined) return known
    const link = new ThreadLink(channel, (note) => {
      if (peer.port === undefined) peer.early.push(note)
      else peer.port.postMessage(note)
    })
    peer.channels.set(channel, link)
    return link
  }
}

class ThreadLink implements Link {
  events: LinkEvents | undefined
  queuedBytes = 0
  readonly #channel: number
  readonly #tell: (note: Note) => void
  #writer: RingWriter | undefined
  #reader: RingReader | undefined
  /** Frames for which there was no room, and how much of the first one has been written. */
  readonly #queued: Uint8Array[] = []
  #begun = 0
  /** Frames written since the other thread was last woken. */
  #unannounced = 0
  /** `receive` has returned nothing since something last came. */
  #sleeps = false

  constructor(channel: number, tell: (note: Note) => void) {
    this.#channel = channel
    this.#tell = tell
  }

  send(frame: Uint8Array): void {
    const writer = this.#writer ?? this.#open()
    if (this.#queued.length > 0 || !writer.hasRoomFor(frame.length)) {
      this.#queue(frame, 0)
      return
    }
    const written = writer.write(frame, 0)
    if (written < frame.length) this.#queue(frame, written)
    this.#wakeSoon()
  }

  receive(): Uint8Array | undefined {
    const frame = this.#reader?.read()
    if (this.#reader?.wakesWriter()) this.#tell({ channel: this.#channel, note: 'room' })
    this.#sleeps = frame === undefined
    return frame
  }

  /** The other thread says something about this channel. */
  noted(note: Note): void {
    if (note.note === 'room') {
      this.#writeQueued()
      return
    }
    if (note.note === 'ring') this.#reader = new RingReader(note.ring)
    if (this.#sleeps) this.events?.readable()
  }

  /** Waking a thread costs as much as a frame: not before this turn of the event loop ends, or much has been written. */
  #wakeSoon(): void {
    this.#unannounced++
    if (this.#unannounced >= UNANNOUNCED_FRAMES_MAX) this.#wake()
    else if (this.#unannounced === 1) queueMicrotask(() => this.#wake())
  }

  #wake(): void {
    this.#unannounced = 0
    if (this.#writer?.wakesReader() === true) this.#tell({ channel: this.#channel, note: 'written' })
  }

  #open(): RingWriter {
    const ring = newRing()
    const writer = new RingWriter(ring)
    this.#writer = writer
    this.#tell({ channel: this.#channel, note: 'ring', ring })
    return writer
  }

  #queue(frame: Uint8Array, written: number): void {
    this.#queued.push(new Uint8Array(frame))
    if (this.#queued.length === 1) this.#begun = written
    this.queuedBytes += frame.length
  }

  #writeQueued(): void {
    const writer = this.#writer as RingWriter
    for (let frame = this.#queued[0]; frame !== undefined; frame = this.#queued[0]) {
      if (!writer.hasRoomFor(frame.length - this.#begun)) break
      this.#begun += writer.write(frame, this.#begun)
      if (this.#begun < frame.length) continue
      this.#queued.shift()
      this.#begun = 0
      this.queuedBytes -= frame.length
    }
    this.#wakeSoon()
  }
}

export function threadLost(worker: PeerId, cause: unknown): MalstromError {
  const why = cause instanceof Error ? `: ${cause.message}` : ''
  return new MalstromError('ERR_WORKER_LOST', `The thread of worker ${worker} has ended before the job did${why}.`, { cause })
}
