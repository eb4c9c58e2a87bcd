import { type Context, Dealer, type Event } from 'zeromq'
import { isIpv6 } from './bind-address.ts'
import type { Keys } from './keys.ts'
import { PACKET_BYTES } from './outgoing-packets.ts'
import { kindOf, type Refusal, readRefusal } from './wire.ts'

/** Messages in ZeroMQ's own queues, for each connection; what is beyond waits here, where it grows into larger packets. */
export const HIGH_WATER_MESSAGES = 32
const RECONNECT_MS = 20
const RECONNECT_MS_MAX = 1_000
/** Attempts in a row that are refused after a connection, before nobody is taken to be there: some 140 ms. */
const REFUSALS_MAX = 3
/** How long a last message may take to leave when the socket is closed. */
const LINGER_MS = 500

export interface PeerAddress {
  /** What `endpoint.address` is in the process of the peer. */
  readonly address: string
  /** The public key of the peer; needed when endpoints have `security`. */
  readonly publicKey?: string
}

/** What a socket sends, and whom it tells. */
export interface SocketUser {
  next(): Buffer | undefined
  refused(refusal: Refusal, token: number, reason: string): void
  /** There is no connection, for this reason. `forGood`: ZeroMQ does not try again. */
  trouble(reason: string, forGood: boolean): void
  broken(error: unknown): void
  /** It was connected, and nobody listens at the address any more. */
  deserted(): void
}

/**
 * The connection to one peer: what it sends goes there, and what comes back are refusals. A ZeroMQ socket takes one message at a time, so
 * the next one is fetched when the last has gone: meanwhile frames gather, and the faster they come the larger the packets are.
 */
export class PeerSocket {
  readonly #socket: Dealer
  readonly #user: SocketUser
  #isAwake = false
  /** A message is on its way into the socket that `#send` has given to it. */
  #isSending = false
  /** The last message that went out by `hurry`. */
  #hurried: Promise<void> | undefined
  /** A message that the socket did not take in a hurry. */
  #held: Buffer | undefined
  #hasGreeted = false
  /** Attempts since the connection was lost; `undefined` while there is one. */
  #attempts: number | undefined
  #isEnding = false
  #lastCall: NodeJS.Timeout | undefined
  #resolveClosed: () => void = () => {}
  readonly closed: Promise<void>

  constructor(context: Context, peer: PeerAddress, keys: Keys | undefined, user: SocketUser) {
    this.#user = user
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve
    })
    this.#socket = new Dealer({
      context,
      // Only into connections that are there: what is sent into a broken one would be lost, and sent again.
      immediate: true,
      linger: 0,
      sendHighWaterMark: HIGH_WATER_MESSAGES,
      receiveHighWaterMark: HIGH_WATER_MESSAGES,
      maxMessageSize: PACKET_BYTES,
      reconnectInterval: RECONNECT_MS,
      reconnectMaxInterval: RECONNECT_MS_MAX,
      ipv6: isIpv6(peer.address),
      ...(keys === undefined
        ? {}
        : { curvePublicKey: keys.publicKey, curveSecretKey: keys.secretKey, curveServerKey: peer.publicKey ?? null }),
    })
    void this.#observe()
    this.#socket.connect(peer.address)
    void this.#receive()
  }

  /** Sends what there is, when the code that runs now has finished; by then there may be more. */
  wake(): void {
    if (this.#isAwake || this.#socket.closed) return
    this.#isAwake = true
    queueMicrotask(() => void this.#send())
  }

  /**
   * Sends the next message at once if the socket has room. A worker that makes frames for milliseconds would keep its peer waiting
   * all that time.
   */
  hurry(): void {
    if (!this.#isSending && this.#held === undefined && !this.#socket.closed && this.#socket.writable) {
      const message = this.#user.next()
      try {
        if (message !== undefined) this.#hurried = this.#socket.send(message).catch((error) => this.#failed(error))
      } catch {
        // Now and then ZeroMQ takes its time for a message, so that the event loop goes on; then it takes no second one.
        this.#held = message
      }
    }
    this.wake()
  }

  /** Closes when the last message has gone out, or cannot go out because nobody is there any more. */
  end(): void {
    if (this.#isEnding) return
    this.#isEnding = true
    this.#lastCall = setTimeout(() => this.close(), LINGER_MS)
    this.wake()
  }

  /** Closes now. */
  close(): void {
    this.#isEnding = true
    clearTimeout(this.#lastCall)
    this.#socket.close()
    this.#resolveClosed()
  }

  async #send(): Promise<void> {
    try {
      for (;;) {
        if (this.#hurried !== undefined) {
          const hurried = this.#hurried
          this.#hurried = undefined
          await hurried
          continue
        }
        const message = this.#next()
        if (message === undefined) break
        this.#isSending = true
        await this.#socket.send(message)
        this.#isSending = false
      }
      this.#isAwake = false
      if (!this.#isEnding || this.#socket.closed) return
      this.#socket.linger = LINGER_MS
      this.close()
    } catch (error) {
      this.#isAwake = false
      this.#isSending = false
      this.#failed(error)
    }
  }

  #next(): Buffer | undefined {
    const held = this.#held
    this.#held = undefined
    return held ?? this.#user.next()
  }

  #failed(error: unknown): void {
    if (!this.#socket.closed) this.#user.broken(error)
  }

  async #receive(): Promise<void> {
    try {
      for await (const [message] of this.#socket) {
        if (message === undefined || kindOf(message) !== 'refused') continue
        const { refusal, token, reason } = readRefusal(message)
        this.#user.refused(refusal, token, reason)
      }
    } catch (error) {
      if (!this.#socket.closed) this.#user.broken(error)
    }
  }

  async #observe(): Promise<void> {
    const { events } = this.#socket
    try {
      for await (const event of events) this.#tell(event)
    } catch (error) {
      if (!events.closed && !this.#socket.closed) throw error
    }
  }

  /** A socket that tries to connect is closed at once where nobody listens; over a link that is cut, it is not. */
  #watch({ type }: Event): void {
    if (type === 'handshake') {
      this.#hasGreeted = true
      this.#attempts = undefined
    } else if (type === 'disconnect' && this.#hasGreeted) this.#attempts = 0
    else if (type === 'close' && this.#attempts !== undefined && ++this.#attempts === REFUSALS_MAX) this.#user.deserted()
  }

  #tell(event: Event): void {
    if (this.#socket.closed) return
    this.#watch(event)
    if (event.type === 'handshake:error:auth') this.#user.trouble('it does not accept the public key of this endpoint', true)
    else if (event.type === 'handshake:error:protocol')
      this.#user.trouble('it speaks another protocol, or only one end has keys, or it has another public key', false)
    else if (event.type === 'handshake:error:other')
      this.#user.trouble('it hangs up instead of a greeting; it may be gone, or have another public key, or only one end has keys', false)
  }
}
