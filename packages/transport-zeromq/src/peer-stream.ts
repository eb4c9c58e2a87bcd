import type { Link, LinkEvents, PeerId } from '@malstrom/core'
import { type Acknowledgement, IncomingPackets, readFrames } from './incoming-packets.ts'
import { OutgoingFrames } from './outgoing-frames.ts'
import { type LinkStream, PeerLink } from './peer-link.ts'
import { frameTooLarge, lost, type PeerPlace, refused } from './stream-errors.ts'
import { asksToSendAgain, CREDIT_CHANNEL, expectedOf, type Hello, numberOf, type Refusal, writeHello, writeStatus } from './wire.ts'

// All channels between two peers. Each end has a token; a message carries the token of the end that it is for.
//
//   A                                         B
//   hello(A's token, echo 0)          ->          B now knows A's token
//                                     <-      hello(B's token, echo A's token)     A is open: B is there, and means this A
//   hello(A's token, echo B's token)  ->          B is open
//   data 0, data 1, ...               ->
//                                     <-      data or status: expected 2           A forgets 0 and 1
//   data 2 (lost with its connection)
//   data 3 or status: next is 4       ->
//                                     <-      status: send again from 2
//   data 2, data 3                    ->
//   bye, when B has everything        ->
//
// Only who reads what is sent to A's address knows A's token, and with CURVE that is A. Hellos are repeated until both ends are open,
// statuses are heartbeats afterwards. So nothing is lost or comes twice, or the stream fails.

/** How many heartbeats are due while a peer may be silent. */
export const HEARTBEATS = 5

export interface StreamSettings {
  readonly session: string
  readonly self: PeerId
  readonly frameBytesMax: number
  readonly channelBytesMax: number
  readonly channelsMax: number
  readonly unacknowledgedBytesMax: number
  readonly queuedBytesMax: number
  readonly heartbeatTimeoutMs: number
  readonly linkTimeoutMs: number
  readonly closeTimeoutMs: number
  /** Where this end is, if the peer has to be told. */
  readonly place: Hello['place'] | undefined
}

/** What a stream needs from the world. */
export interface StreamOutside {
  /** `next` has something to send. */
  wake(): void
  /** The same for a packet that will not grow any more: it may go out while the code that runs now makes the next one. */
  hurry(): void
  /** Calls `run` in about a millisecond. */
  soon(run: () => void): void
  /** Nothing more is sent, once the last message has gone out. `left`: the stream is still there, to say so. */
  ended(how: 'left' | 'failed' | 'closed'): void
}

/** `left`: the peer has closed, in good order. */
type Phase = 'greeting' | 'open' | 'left' | 'failed' | 'closed'

export class PeerStream implements LinkStream {
  readonly place: PeerPlace
  readonly token: number
  readonly channelBytesMax: number
  readonly #settings: StreamSettings
  readonly #outside: StreamOutside
  readonly #links = new Map<number, PeerLink>()
  readonly #incoming = new IncomingPackets()
  readonly #outgoing: OutgoingFrames
  #phase: Phase = 'greeting'
  #error: Error | undefined
  #lastRefusal: string | undefined
  #theirToken = 0
  #owesHello = true
  #owesStatus = false
  #owesBye = false
  #sendsAgain = false
  #isAcknowledging = false
  /** Heartbeats since the peer was heard, or since a link waits for it. */
  #silent = 0
  #closing = 0
  #finished: (() => void) | undefined

  constructor(place: PeerPlace, token: number, settings: StreamSettings, outside: StreamOutside) {
    this.place = place
    this.token = token
    this.channelBytesMax = settings.channelBytesMax
    this.#settings = settings
    this.#outgoing = new OutgoingFrames(settings.unacknowledgedBytesMax)
    this.#outside = outside
  }

  /** Whether there is, or will be, something to send. */
  get isAlive(): boolean {
    return this.#phase === 'greeting' || this.#phase === 'open'
  }

  open(channel: number, events: LinkEvents): Link {
    const link = this.#linkOf(channel)
    if (link === undefined || link.isOpen) throw lost(this.place, `channel ${channel} cannot be opened ${link ? 'twice' : 'in addition'}`)
    link.opened(events)
    const error = this.#error
    if (error !== undefined) queueMicrotask(() => link.fail(error))
    return link
  }

  /** The peer presents itself. Returns why that is refused, or `undefined`. */
  hello(hello: Hello): string | undefined {
    if (this.#phase === 'left') return 'it has closed before'
    if (this.#phase === 'failed' || this.#phase === 'closed') return 'the link is no longer in use'
    if (this.#phase === 'open' && hello.token !== this.#theirToken) return 'its place is taken by another process'
    if (hello.token !== this.#theirToken) {
      this.#theirToken = hello.token
      this.#outgoing.limit(hello)
      this.#owesHello = true
    }
    if (hello.echo === this.token) this.#begin()
    else this.#owesHello = true
    this.#outside.wake()
    return undefined
  }

  /** A message for the token of this stream. */
  arrived(kind: 'data' | 'status' | 'bye', message: Buffer): void {
    // Who knows the token has read a hello that was an answer to its own.
    if (this.#phase === 'greeting' && this.#theirToken !== 0) this.#begin()
    if (this.#phase !== 'open') return
    this.#silent = 0
    if (!this.#outgoing.packets.acknowledge(expectedOf(message))) this.#malformed('an acknowledgement of what was not sent')
    else if (kind === 'data') this.#data(message)
    else if (kind === 'bye') this.#left('it has closed')
    else {
      if (asksToSendAgain(message)) this.#outgoing.packets.giveAgain()
      this.#tell(this.#incoming.check(numberOf(message)))
    }
    this.#drain()
    this.#finishIfDone()
    this.#outside.wake()
  }

  /** The peer has turned a message away; `token` is the one that was in it. */
  refused(refusal: Refusal, token: number, reason: string): void {
    if (this.#phase === 'greeting' && token === this.token) {
      this.#lastRefusal = reason
      if (refusal !== 'later') this.fail(refused(this.place, reason))
    } else if (this.#phase === 'open' && token === this.#theirToken) {
      if (refusal === 'closed') this.#left(reason)
      else this.fail(lost(this.place, reason))
    }
  }

  /** What the socket can tell of why there is no connection; it is used when the time is over. */
  trouble(reason: string): void {
    if (this.#phase === 'greeting') this.#lastRefusal = reason
  }

  /** The next message to send, or `undefined`. */
  next(): Buffer | undefined {
    if (this.#phase === 'closed' || this.#phase === 'failed' || this.#phase === 'left') return undefined
    if (this.#owesHello) return this.#hello()
    if (this.#phase !== 'open') return undefined
    if (this.#sendsAgain) return this.#status('status')
    const packet = this.#outgoing.give(this.#theirToken, this.#incoming.expected)
    if (packet !== undefined) {
      if (this.#outgoing.packets.wasNew) this.#acknowledged()
      return packet
    }
    if (this.#owesBye) {
      const bye = this.#status('bye')
      this.#end('closed')
      return bye
    }
    return this.#owesStatus ? this.#status('status') : undefined
  }

  /** A heartbeat is due. */
  tick(): void {
    const { heartbeatTimeoutMs, linkTimeoutMs, closeTimeoutMs } = this.#settings
    const tickMs = heartbeatTimeoutMs / HEARTBEATS
    if (this.#phase === 'greeting') {
      this.#owesHello = true
      const isWaiting = [...this.#links.values()].some(({ isOpen }) => isOpen)
      if (isWaiting && ++this.#silent * tickMs > linkTimeoutMs) this.#neverCame(linkTimeoutMs)
    } else if (this.#phase === 'open') {
      this.#owesStatus = true
      this.#incoming.forgetAsking()
      if (++this.#silent > HEARTBEATS)
        this.fail(lost(this.place, `nothing has come from it for ${heartbeatTimeoutMs} ms, and a heartbeat is due every ${tickMs} ms`))
    }
    if (this.#finished !== undefined && ++this.#closing * tickMs > closeTimeoutMs)
      this.fail(lost(this.place, `it has not taken within ${closeTimeoutMs} ms what was left when the transport was closed`))
    this.#outside.wake()
  }

  /** Resolves when the peer has everything, or the stream has failed. */
  finish(): Promise<void> {
    return new Promise((resolve) => {
      this.#finished = resolve
      if (this.#phase === 'failed') resolve()
      for (const link of this.#links.values()) link.close()
      this.#finishIfDone()
      this.#outside.wake()
    })
  }

  /** It was there, and nobody listens at its address any more. */
  deserted(): void {
    if (this.#phase === 'open') this.fail(lost(this.place, 'it has ended: nobody listens at its address any more'))
  }

  fail(error: Error): void {
    if (this.#phase === 'failed' || this.#phase === 'closed') return
    this.#error = error
    this.#end('failed')
    for (const link of this.#links.values()) link.fail(error)
  }

  send(link: PeerLink, frame: Uint8Array): void {
    const max = Math.min(this.#settings.frameBytesMax, this.#outgoing.frameBytesMax)
    if (frame.length > max) throw frameTooLarge(this.place.peer, frame.length, max)
    if (this.#finished !== undefined) throw lost(this.place, 'this end was closed before the frame was sent')
    link.accepted(frame.length)
    // What fails does so later: a caller does not expect events while it sends.
    if (this.#phase === 'left') queueMicrotask(() => this.#left('it had closed before a frame was sent'))
    else if (link.queuedBytes > this.#settings.queuedBytesMax) queueMicrotask(() => this.#overflow())
    else {
      this.#outgoing.send(link, frame)
      if (this.#phase === 'open' && this.#outgoing.packets.isWhole) this.#outside.hurry()
      else this.#outside.wake()
    }
  }

  tellConsumed(link: PeerLink): void {
    this.#outgoing.credit(link)
    this.#outside.wake()
  }

  #begin(): void {
    if (this.#phase !== 'greeting') return
    this.#phase = 'open'
    this.#silent = 0
    this.#outgoing.begin()
    this.#drain()
    this.#finishIfDone()
  }

  #data(packet: Buffer): void {
    const { isNext, tell } = this.#incoming.accept(packet)
    this.#tell(tell)
    if (!isNext) return
    const woken: PeerLink[] = []
    const read = readFrames(packet, (channel) => this.#linkOf(channel), woken)
    if ('malformed' in read) this.#malformed(read.malformed)
    for (const link of woken) link.wake()
  }

  #tell(acknowledgement: Acknowledgement): void {
    if (acknowledgement === 'again') this.#sendsAgain = true
    else if (acknowledgement === 'now') this.#owesStatus = true
    else if (acknowledgement === 'soon' && !this.#isAcknowledging) {
      this.#isAcknowledging = true
      this.#outside.soon(() => {
        this.#isAcknowledging = false
        if (!this.#incoming.owesAcknowledgement) return
        this.#owesStatus = true
        this.#outside.wake()
      })
    }
  }

  #drain(): void {
    const tooLarge = this.#outgoing.drain()
    if (tooLarge !== undefined) this.fail(frameTooLarge(this.place.peer, tooLarge, this.#outgoing.frameBytesMax))
  }

  #acknowledged(): void {
    this.#owesStatus = false
    this.#incoming.acknowledged()
  }

  #hello(): Buffer {
    const { session, self, frameBytesMax, channelBytesMax, place } = this.#settings
    this.#owesHello = false
    return writeHello({
      echo: this.#theirToken,
      token: this.token,
      frameBytesMax,
      channelBytesMax,
      session,
      from: self,
      to: this.place.peer,
      ...(place === undefined ? {} : { place }),
    })
  }

  #status(kind: 'status' | 'bye'): Buffer {
    const again = this.#sendsAgain
    this.#sendsAgain = false
    this.#acknowledged()
    return writeStatus(kind, this.#theirToken, this.#outgoing.packets.next, this.#incoming.expected, again)
  }

  #linkOf(channel: number): PeerLink | undefined {
    const known = this.#links.get(channel)
    if (known !== undefined) return known
    if (this.#links.size >= this.#settings.channelsMax || channel === CREDIT_CHANNEL) return undefined
    const link = new PeerLink(this, channel)
    if (this.#finished !== undefined) link.close()
    this.#links.set(channel, link)
    return link
  }

  get #hasPending(): boolean {
    for (const link of this.#links.values()) if (link.hasPending) return true
    return false
  }

  #finishIfDone(): void {
    if (this.#finished === undefined || this.#hasPending) return
    if (this.#phase === 'open') this.#owesBye = true
    else if (this.#phase !== 'failed') this.#end('closed')
  }

  /** The peer has closed. That is no failure, unless something is left for it. */
  #left(reason: string): void {
    if (this.#phase !== 'open' && this.#phase !== 'left') return
    if (this.#hasPending) this.fail(lost(this.place, `${reason}, and not everything that was sent has arrived`))
    else this.#end(this.#finished === undefined ? 'left' : 'closed')
  }

  #end(phase: 'left' | 'failed' | 'closed'): void {
    if (this.#phase === 'closed' || this.#phase === 'failed') return
    this.#phase = phase
    this.#outgoing.clear()
    this.#outside.ended(phase)
    if (phase !== 'left') this.#finished?.()
  }

  #neverCame(linkTimeoutMs: number): void {
    if (this.#lastRefusal !== undefined) this.fail(refused(this.place, this.#lastRefusal))
    else this.fail(lost(this.place, `it has not opened its end within ${linkTimeoutMs} ms`))
  }

  #overflow(): void {
    const { queuedBytesMax } = this.#settings
    this.fail(lost(this.place, `more than queuedBytesMax (${queuedBytesMax} bytes) wait for it; senders must stop when queuedBytes grows`))
  }

  #malformed(what: string): void {
    this.fail(lost(this.place, `it sent what is no message of the protocol (${what})`))
  }
}
