import { Fifo } from './fifo.ts'
import { NO_FRAME, type RingReader } from './ring.ts'

/** Bytes that are set aside for a channel before the peer is told to hold back its frames; it may have written more by then. */
const ASIDE_BYTES_MAX = 2 ** 20

/** The receiving half of one channel. */
export class Incoming {
  readonly channel: number
  /** Frames that others met on their way through the ring, and how many bytes they have. */
  readonly frames = new Fifo<Uint8Array>()
  asideBytes = 0
  /** The peer has been told to hold back the frames of this channel. */
  held = false
  /** Tells whoever receives on this channel; absent as long as nobody has opened it. */
  readable: (() => void) | undefined
  /** Somebody waits for a frame, and is to be told once. */
  starved = false

  constructor(channel: number) {
    this.channel = channel
  }
}

/** Which inbox of a transport has lent out a part of its ring: it gets it back with the next `receive` on any of them. */
export interface Lending {
  inbox: Inbox | undefined
}

/** Callbacks an inbox needs of its thread. */
export interface InboxHost {
  /** The peer sleeps and has room to write again. */
  wakePeer(): void
  /** Tells the peer to hold back the frames of `channel`, or to go on. */
  holdPeer(channel: number, held: boolean): void
  /** Calls `read` from the event loop, soon. */
  soon(callback: () => void): void
}

/**
 * What one peer has sent. The ring is read as far as somebody asks: frames of other channels that are met on the way are set
 * aside, as copies. When too much is set aside for a channel that nobody receives, the peer is told to hold it back, so that
 * the others go on.
 *
 * At any time one of these holds, so that no frame is forgotten: the ring is empty and this side is parked, or nobody waits for a
 * frame, or a `sweep` is coming.
 */
export class Inbox {
  #reader: RingReader | undefined
  #host: InboxHost | undefined
  #starvedCount = 0
  #sweeping = false
  #draining = false
  #closed = false
  readonly #channels = new Map<number, Incoming>()
  readonly #lending: Lending

  constructor(lending: Lending) {
    this.#lending = lending
  }

  connect(reader: RingReader, host: InboxHost): void {
    this.#reader = reader
    this.#host = host
    this.sweep()
  }

  channel(channel: number): Incoming {
    const known = this.#channels.get(channel)
    if (known !== undefined) return known
    const incoming = new Incoming(channel)
    this.#channels.set(channel, incoming)
    return incoming
  }

  /** `readable` will be called for what has come already, and for what comes. */
  open(incoming: Incoming, readable: () => void): void {
    incoming.readable = readable
    this.#starve(incoming)
    if (!incoming.frames.empty) this.#tellLater(incoming)
    this.#sweepSoon()
  }

  receive(incoming: Incoming): Uint8Array | undefined {
    this.#lending.inbox?.release()
    const aside = this.#takeAside(incoming)
    if (aside !== undefined) return aside
    const frame = this.#reader === undefined ? undefined : this.#search(this.#reader, incoming)
    if (frame === undefined) this.#starve(incoming)
    return frame
  }

  /**
   * Tells whoever waits for a frame that has come. Called when the peer has woken this thread. Reads the ring only up to a
   * frame that somebody waits for, and leaves it to them; if they leave some, looks once more, since others may wait for that.
   */
  sweep(): void {
    const reader = this.#reader
    if (reader === undefined || this.#closed) return
    reader.refresh()
    while (this.#starvedCount > 0 || this.#draining) {
      const channel = reader.next()
      if (channel === NO_FRAME) {
        if (!reader.park()) this.#sweepSoon()
        else if (reader.obstructs) this.#tellAnyone()
        break
      }
      const incoming = this.channel(channel)
      if (incoming.starved) {
        this.#tell(incoming)
        if (reader.next() !== NO_FRAME || !reader.park() || reader.obstructs) this.#sweepSoon()
        break
      }
      this.#setAside(incoming, reader.copy())
    }
    if (reader.unparkWriter()) this.#host?.wakePeer()
  }

  /** The peer wants to end: from now on everything is set aside at once, whether somebody asks or not, so that it need not wait. */
  drain(): void {
    this.#draining = true
    this.sweep()
  }

  /** Takes back what has been lent out. */
  release(): void {
    this.#lending.inbox = undefined
    this.#reader?.release()
    if (this.#reader?.unparkWriter() === true) this.#host?.wakePeer()
  }

  close(): void {
    this.#closed = true
    this.#reader?.close()
    this.#host?.wakePeer()
  }

  #search(reader: RingReader, incoming: Incoming): Uint8Array | undefined {
    reader.refresh()
    let found: Uint8Array | undefined
    while (found === undefined) {
      const channel = reader.next()
      if (channel === NO_FRAME) {
        if (!reader.park()) this.#sweepSoon()
        break
      }
      if (channel === incoming.channel) {
        this.#lending.inbox = this
        found = reader.borrow()
        break
      }
      const other = this.channel(channel)
      this.#setAside(other, reader.copy())
      if (other.starved) this.#tellLater(other)
    }
    if (reader.unparkWriter()) this.#host?.wakePeer()
    return found
  }

  #setAside(incoming: Incoming, frame: Uint8Array): void {
    incoming.frames.push(frame)
    incoming.asideBytes += frame.length
    if (!incoming.held && !this.#draining && incoming.asideBytes > ASIDE_BYTES_MAX) this.#hold(incoming, true)
  }

  #takeAside(incoming: Incoming): Uint8Array | undefined {
    const frame = incoming.frames.take()
    incoming.asideBytes -= frame?.length ?? 0
    if (incoming.held && incoming.asideBytes < ASIDE_BYTES_MAX / 2) this.#hold(incoming, false)
    return frame
  }

  #hold(incoming: Incoming, held: boolean): void {
    incoming.held = held
    this.#host?.holdPeer(incoming.channel, held)
  }

  #starve(incoming: Incoming): void {
    if (incoming.starved) return
    incoming.starved = true
    this.#starvedCount++
  }

  #tell(incoming: Incoming): void {
    incoming.starved = false
    this.#starvedCount--
    if (!this.#closed) incoming.readable?.()
  }

  /** Not from within `receive`: whoever is told may call it. */
  #tellLater(incoming: Incoming): void {
    queueMicrotask(() => {
      if (incoming.starved) this.#tell(incoming)
    })
  }

  /**
   * What is lent out keeps the peer from writing, and nobody will ask for more before more has come. A wake-up for nothing
   * makes somebody ask.
   */
  #tellAnyone(): void {
    for (const incoming of this.#channels.values()) {
      if (!incoming.starved) continue
      this.#tell(incoming)
      return
    }
  }

  #sweepSoon(): void {
    if (this.#sweeping || this.#host === undefined) return
    this.#sweeping = true
    this.#host.soon(() => {
      this.#sweeping = false
      this.sweep()
    })
  }
}
