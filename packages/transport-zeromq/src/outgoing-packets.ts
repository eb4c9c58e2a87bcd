import { Fifo } from './fifo.ts'
import type { PeerLink } from './peer-link.ts'
import { type Slab, Slabs } from './slabs.ts'
import { DATA_HEADER_BYTES, ENTRY_HEADER_BYTES, writeDataHeader } from './wire.ts'

/** Frames go together up to this size: below about 24 KB the cost of a message shows, above about 96 KB that of memory. */
export const PACKET_BYTES = 96 * 1_024

/** Data that is sent as one message, and kept until the peer has it. */
interface Packet {
  readonly slab: Slab
  readonly start: number
  end: number
  number: number
  /** Whose frames are in it: `links[i]` has `frames[i]` frames of together `bytes[i]`. */
  readonly links: PeerLink[]
  readonly frames: number[]
  readonly bytes: number[]
}

/**
 * Numbers packets, keeps those that the peer has not acknowledged, and gives them again when it asks. A packet is never changed once it
 * was given: the socket reads it later, on its own thread.
 */
export class OutgoingPackets {
  readonly #packets = new Fifo<Packet>()
  readonly #slabs = new Slabs()
  /** The packet that still grows; the last of `#packets`. */
  #growing: Packet | undefined
  /** The next packet to give, counted from the oldest. */
  #cursor = 0
  #firstNumber = 0
  #nextNumber = 0
  #bytes = 0
  #wasNew = false

  /** Bytes that are kept. */
  get bytes(): number {
    return this.#bytes
  }

  /** The number of the packet that is given next. */
  get next(): number {
    return this.#firstNumber + this.#cursor
  }

  /** Whether the packet that is given next has all the frames that it will have. */
  get isWhole(): boolean {
    const next = this.#packets.at(this.#cursor)
    return next !== undefined && next !== this.#growing
  }

  /** Whether the packet that was given last was given for the first time, with a header that is up to date. */
  get wasNew(): boolean {
    return this.#wasNew
  }

  /** Adds a copy of `frame`. Without a `link` it is nobody's, and no link waits for it. */
  add(link: PeerLink | undefined, channel: number, frame: Uint8Array): void {
    const needed = ENTRY_HEADER_BYTES + frame.length
    let packet = this.#growing
    if (packet === undefined || packet.end - packet.start + needed > PACKET_BYTES || packet.end + needed > packet.slab.buffer.length)
      packet = this.#begin(needed)
    const { end } = packet
    const { buffer } = packet.slab
    buffer.writeUInt32BE(channel, end)
    buffer.writeUInt32BE(frame.length, end + 4)
    buffer.set(frame, end + ENTRY_HEADER_BYTES)
    packet.end = end + needed
    this.#slabs.advance(packet.end)
    this.#bytes += needed
    if (link === undefined) return
    const last = packet.links.length - 1
    if (packet.links[last] === link) {
      packet.frames[last] = (packet.frames[last] as number) + 1
      packet.bytes[last] = (packet.bytes[last] as number) + frame.length
    } else {
      packet.links.push(link)
      packet.frames.push(1)
      packet.bytes.push(frame.length)
    }
  }

  /** The next packet to send, with a header that tells the peer what has been received from it; or `undefined`. */
  give(token: number, expected: number): Buffer | undefined {
    const packet = this.#packets.at(this.#cursor)
    if (packet === undefined) return undefined
    if (packet === this.#growing) this.#growing = undefined
    this.#wasNew = packet.number === -1
    if (this.#wasNew) {
      packet.number = this.#firstNumber + this.#cursor
      this.#nextNumber = packet.number + 1
      writeDataHeader(packet.slab.buffer, packet.start, token, packet.number, expected)
    }
    this.#cursor++
    return packet.slab.buffer.subarray(packet.start, packet.end)
  }

  /** Forgets what the peer has: everything before the packet with the number `expected`. False: there is no such packet. */
  acknowledge(expected: number): boolean {
    if (expected > this.#nextNumber) return false
    while (this.#firstNumber < expected) {
      const packet = this.#packets.take() as Packet
      this.#firstNumber++
      if (this.#cursor > 0) this.#cursor--
      this.#bytes -= packet.end - packet.start
      // The peer has it, so the socket has read it, unless it reads it once more.
      this.#slabs.release(packet.slab)
      for (const [index, link] of packet.links.entries()) link.handedOver(packet.frames[index] as number, packet.bytes[index] as number)
    }
    return true
  }

  /** Gives all that is kept once more, from the oldest on. */
  giveAgain(): void {
    for (let index = 0; index < this.#cursor; index++) (this.#packets.at(index) as Packet).slab.isSpoilt = true
    this.#cursor = 0
  }

  clear(): void {
    this.#packets.clear()
    this.#growing = undefined
    this.#bytes = 0
  }

  #begin(needed: number): Packet {
    const slab = this.#slabs.take(DATA_HEADER_BYTES + needed)
    const start = this.#slabs.used
    const packet: Packet = { slab, start, end: start + DATA_HEADER_BYTES, number: -1, links: [], frames: [], bytes: [] }
    this.#packets.push(packet)
    this.#growing = packet
    this.#bytes += DATA_HEADER_BYTES
    return packet
  }
}
