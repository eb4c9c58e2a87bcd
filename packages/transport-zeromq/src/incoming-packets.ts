import type { PeerLink } from './peer-link.ts'
import { CREDIT_BYTES, CREDIT_CHANNEL, DATA_HEADER_BYTES, ENTRY_HEADER_BYTES, numberOf } from './wire.ts'

/** After this much without an acknowledgement the peer gets one at once; otherwise within a millisecond. */
const ACKNOWLEDGE_BYTES = 256 * 1_024

/** What the peer has to be told: nothing yet; within a millisecond; now; or that packets are missing. */
export type Acknowledgement = 'none' | 'soon' | 'now' | 'again'

/**
 * Takes packets in the order of their numbers. ZeroMQ loses what is in flight when a connection breaks, and may mix the old connection
 * with the new one: what comes twice is dropped, and with a gap all is dropped until the peer has sent it again.
 */
export class IncomingPackets {
  #expected = 0
  /** The number from which on packets were asked for again. */
  #askedFor = -1
  #unacknowledgedBytes = 0

  /** The number of the next packet. */
  get expected(): number {
    return this.#expected
  }

  /** Whether this packet is the next one, and what to tell the peer. */
  accept(packet: Buffer): { readonly isNext: boolean; readonly tell: Acknowledgement } {
    const number = numberOf(packet)
    if (number !== this.#expected) return { isNext: false, tell: number > this.#expected ? this.missing() : 'now' }
    this.#expected++
    this.#unacknowledgedBytes += packet.length
    return { isNext: true, tell: this.#unacknowledgedBytes >= ACKNOWLEDGE_BYTES ? 'now' : 'soon' }
  }

  /** What to tell a peer whose next packet has this number: whatever it has sent before has been read before. */
  check(next: number): Acknowledgement {
    return next > this.#expected ? this.missing() : 'none'
  }

  missing(): Acknowledgement {
    if (this.#askedFor === this.#expected) return 'none'
    this.#askedFor = this.#expected
    return 'again'
  }

  /** What was asked for may be asked for once more. */
  forgetAsking(): void {
    this.#askedFor = -1
  }

  get owesAcknowledgement(): boolean {
    return this.#unacknowledgedBytes > 0
  }

  acknowledged(): void {
    this.#unacknowledgedBytes = 0
  }
}

/**
 * Hands the frames of a packet to their links; `woken` gets those whose reader waits. Returns whether there were credits, or what is wrong
 * with the packet.
 */
export function readFrames(
  packet: Buffer,
  linkOf: (channel: number) => PeerLink | undefined,
  woken: PeerLink[],
): { readonly credits: boolean } | { readonly malformed: string } {
  let credits = false
  for (let at = DATA_HEADER_BYTES; at < packet.length; ) {
    if (at + ENTRY_HEADER_BYTES > packet.length) return { malformed: 'a frame without a beginning' }
    const channel = packet.readUInt32BE(at)
    const start = at + ENTRY_HEADER_BYTES
    const end = start + packet.readUInt32BE(at + 4)
    if (end > packet.length) return { malformed: 'a frame without an end' }
    at = end
    if (channel === CREDIT_CHANNEL) {
      for (let credit = start; credit + CREDIT_BYTES <= end; credit += CREDIT_BYTES)
        linkOf(packet.readUInt32BE(credit))?.granted(packet.readUIntBE(credit + 4, 6))
      credits = true
      continue
    }
    const link = linkOf(channel)
    if (link === undefined) return { malformed: 'more channels than there may be' }
    if (link.arrived(packet, start, end)) woken.push(link)
  }
  return { credits }
}
