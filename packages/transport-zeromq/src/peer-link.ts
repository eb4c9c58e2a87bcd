import type { Link, LinkEvents } from '@malstrom/core'
import { Fifo } from './fifo.ts'
import type { Slab } from './slabs.ts'

/** What a frame costs beyond its bytes; without it empty frames would have no bound. */
const FRAME_COST = 64
/** A link that holds this many frames copies further small ones, or each would keep the large packet in memory that it came in. */
const HELD_FRAMES_MAX = 16
const HELD_SHARE = 4

/** A copy of a frame that cannot be sent yet. */
export interface WaitingFrame {
  readonly slab: Slab
  readonly bytes: Uint8Array
}

/** What a link needs from the stream that it belongs to. */
export interface LinkStream {
  /** Sends `frame`, or keeps it for later. */
  send(link: PeerLink, frame: Uint8Array): void
  /** `consumed` has grown by a good part of the window. */
  tellConsumed(link: PeerLink): void
  readonly channelBytesMax: number
}

/**
 * One channel. Each has its own window, in units of bytes and a little more for each frame: the sender may be ahead of the receiver by that
 * much, so a receiver that is slow on one channel holds up nobody on another.
 */
export class PeerLink implements Link {
  readonly channel: number
  readonly #stream: LinkStream
  readonly #arrived = new Fifo<Uint8Array>()
  /** Frames that the window does not allow yet. */
  readonly waiting = new Fifo<WaitingFrame>()
  #events: LinkEvents | undefined
  #isWanted = false
  #hasFailed = false
  #isClosed = false
  /** Frames and bytes accepted by `send` that the peer has not acknowledged. */
  #pendingFrames = 0
  #queuedBytes = 0
  /** Units given to the stream, and units of these that the receiver at the other end has consumed. */
  #sent = 0
  #granted = 0
  /** Units that this end has consumed, and those of which the peer knows. */
  #consumed = 0
  #announced = 0

  constructor(stream: LinkStream, channel: number) {
    this.#stream = stream
    this.channel = channel
  }

  get isOpen(): boolean {
    return this.#events !== undefined
  }

  get hasPending(): boolean {
    return this.#pendingFrames > 0
  }

  get queuedBytes(): number {
    return this.#queuedBytes
  }

  get consumed(): number {
    return this.#consumed
  }

  opened(events: LinkEvents): void {
    this.#events = events
  }

  send(frame: Uint8Array): void {
    if (!this.#hasFailed) this.#stream.send(this, frame)
  }

  receive(): Uint8Array | undefined {
    const frame = this.#arrived.take()
    if (frame === undefined) {
      this.#isWanted = true
      return undefined
    }
    this.#consume(frame.length)
    return frame
  }

  /** `send` has accepted a frame of this size. */
  accepted(bytes: number): void {
    this.#pendingFrames++
    this.#queuedBytes += bytes
  }

  /** Whether a frame of this size may be sent now, with this window at the other end. */
  allows(bytes: number, window: number): boolean {
    const ahead = this.#sent - this.#granted
    // The receiver keeps less than a quarter to itself, so there is always a next credit, also for frames above the window.
    return ahead < window / 4 || ahead + bytes + FRAME_COST <= window
  }

  /** A frame of this size is on its way. */
  spent(bytes: number): void {
    this.#sent += bytes + FRAME_COST
  }

  /** The peer has consumed this much since the beginning. */
  granted(units: number): void {
    if (units > this.#granted && units <= this.#sent) this.#granted = units
  }

  handedOver(frames: number, bytes: number): void {
    this.#pendingFrames -= frames
    this.#queuedBytes -= bytes
  }

  /** Keeps a frame, which is a part of `packet`. True: somebody waits for it, and must be woken. */
  arrived(packet: Buffer, start: number, end: number): boolean {
    if (this.#isClosed) {
      this.#consume(end - start)
      return false
    }
    const isPinning = this.#arrived.size >= HELD_FRAMES_MAX && (end - start) * HELD_SHARE < packet.length
    const frame = new Uint8Array(packet.buffer, packet.byteOffset + start, end - start)
    this.#arrived.push(isPinning ? frame.slice() : frame)
    if (!this.#isWanted || this.#events === undefined) return false
    this.#isWanted = false
    return true
  }

  wake(): void {
    this.#events?.readable()
  }

  /** What the peer must be told of, since it was last asked. */
  announce(): number {
    this.#announced = this.#consumed
    return this.#consumed
  }

  /** Nobody receives any more: what is here and what comes yet counts as consumed. */
  close(): void {
    this.#isClosed = true
    for (let frame = this.#arrived.take(); frame !== undefined; frame = this.#arrived.take()) this.#consume(frame.length)
  }

  fail(error: Error): void {
    if (this.#hasFailed) return
    this.#hasFailed = true
    this.waiting.clear()
    this.#pendingFrames = 0
    this.#queuedBytes = 0
    this.#events?.failed(error)
  }

  #consume(bytes: number): void {
    this.#consumed += bytes + FRAME_COST
    if (this.#consumed - this.#announced >= this.#stream.channelBytesMax / 4) this.#stream.tellConsumed(this)
  }
}
