import { OutgoingPackets } from './outgoing-packets.ts'
import type { PeerLink } from './peer-link.ts'
import { Slabs } from './slabs.ts'
import { CREDIT_BYTES, CREDIT_CHANNEL, writeCredit } from './wire.ts'

/** What the peer has said of itself in its hello. */
export interface PeerLimits {
  readonly frameBytesMax: number
  /** How far a channel may be ahead of its receiver. */
  readonly channelBytesMax: number
}

/** Puts the frames and credits of all links to one peer into packets, as far as the windows of the channels allow. */
export class OutgoingFrames {
  readonly packets = new OutgoingPackets()
  readonly #unacknowledgedBytesMax: number
  readonly #waitingSlabs = new Slabs()
  /** Links with frames that wait. */
  readonly #blocked = new Set<PeerLink>()
  /** Links of which the peer must be told what was consumed. */
  readonly #crediting = new Set<PeerLink>()
  /** Unknown until the peer has presented itself; nothing is sent before. */
  #limits: PeerLimits | undefined
  #isOpen = false

  constructor(unacknowledgedBytesMax: number) {
    this.#unacknowledgedBytesMax = unacknowledgedBytesMax
  }

  get frameBytesMax(): number {
    return this.#limits?.frameBytesMax ?? Number.POSITIVE_INFINITY
  }

  /** The peer has presented itself. It may do so again, as another process, until the stream begins. */
  limit(limits: PeerLimits): void {
    this.#limits = limits
  }

  begin(): void {
    this.#isOpen = true
  }

  /** Sends a copy of `frame`, now or when the peer can take it. */
  send(link: PeerLink, frame: Uint8Array): void {
    if (link.waiting.size === 0 && this.#allows(link, frame)) this.#send(link, frame)
    else {
      const slab = this.#waitingSlabs.take(frame.length)
      const start = this.#waitingSlabs.used
      slab.buffer.set(frame, start)
      link.waiting.push({ slab, bytes: slab.buffer.subarray(start, start + frame.length) })
      this.#waitingSlabs.advance(start + frame.length)
      this.#blocked.add(link)
    }
  }

  /** Sends what waits, as far as it may. Returns the size of a frame that the peer will never take. */
  drain(): number | undefined {
    // Those that are still blocked go to the end, so that all get their turn.
    for (const link of [...this.#blocked]) {
      this.#blocked.delete(link)
      for (let frame = link.waiting.at(0); frame !== undefined; frame = link.waiting.at(0)) {
        const { slab, bytes } = frame
        if (bytes.length > this.frameBytesMax) return bytes.length
        if (!this.#allows(link, bytes)) {
          this.#blocked.add(link)
          break
        }
        link.waiting.take()
        this.#send(link, bytes)
        this.#waitingSlabs.release(slab)
      }
    }
    return undefined
  }

  /** The peer must be told what was consumed of `link`. */
  credit(link: PeerLink): void {
    this.#crediting.add(link)
  }

  /** The next packet, or `undefined`. */
  give(token: number, expected: number): Buffer | undefined {
    if (this.#crediting.size > 0) this.#writeCredits()
    return this.packets.give(token, expected)
  }

  clear(): void {
    this.#isOpen = false
    this.packets.clear()
    this.#blocked.clear()
    this.#crediting.clear()
  }

  #allows(link: PeerLink, frame: Uint8Array): boolean {
    if (!this.#isOpen || this.#limits === undefined) return false
    const { bytes } = this.packets
    const hasRoom = bytes === 0 || bytes + frame.length <= this.#unacknowledgedBytesMax
    return hasRoom && link.allows(frame.length, this.#limits.channelBytesMax)
  }

  #send(link: PeerLink, frame: Uint8Array): void {
    link.spent(frame.length)
    this.packets.add(link, link.channel, frame)
  }

  #writeCredits(): void {
    const credits = new Uint8Array(this.#crediting.size * CREDIT_BYTES)
    let at = 0
    for (const link of this.#crediting) {
      writeCredit(credits, at, link.channel, link.announce())
      at += CREDIT_BYTES
    }
    this.#crediting.clear()
    this.packets.add(undefined, CREDIT_CHANNEL, credits)
  }
}
