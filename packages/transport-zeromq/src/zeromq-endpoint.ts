import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { MalstromError, type PeerId } from '@malstrom/core'
import { Context, Router } from 'zeromq'
import { AccessControl } from './access-control.ts'
import { bindError, checkAddress, checkPathIsFree, isIpv6, reachableAddress } from './bind-address.ts'
import { checkKey } from './keys.ts'
import { PACKET_BYTES } from './outgoing-packets.ts'
import { HIGH_WATER_MESSAGES, type PeerAddress, PeerSocket, type SocketUser } from './peer-socket.ts'
import type { PeerStream } from './peer-stream.ts'
import { RefusalLog } from './refusal-log.ts'
import { type Hello, hasFrames, kindOf, nameOf, type Refusal, readHello, TOKEN_BYTES, tokenOf, writeRefusal } from './wire.ts'
import {
  type EndpointOptions,
  type EndpointSettings,
  endpointSettings,
  type TransportOptions,
  transportSettings,
} from './zeromq-options.ts'
import { type TransportHost, ZeromqTransport } from './zeromq-transport.ts'

/** What a message may have beyond its frame. */
const OVERHEAD_BYTES = 16_384
/** How long a connection may take to present its keys. */
const HANDSHAKE_MS = 10_000
/** ZeroMQ closes sockets in the background: an address may be in use for a moment after its endpoint was closed. */
const BIND_ATTEMPTS_MAX = 5
const BIND_AGAIN_MS = 60
/** How many of the sessions and tokens that were closed are remembered. */
const CLOSED_SESSIONS_MAX = 1_000
const CLOSED_TOKENS_MAX = 100_000

/** Binds the socket on which this process can be reached. @throws MalstromError */
export async function zeromqEndpoint(options: EndpointOptions): Promise<ZeromqEndpoint> {
  const settings = endpointSettings(options)
  checkAddress(settings.bind, settings.allowInsecure || settings.security !== undefined)
  for (let attempt = 1; ; attempt++) {
    try {
      return await ZeromqEndpoint.bind(settings)
    } catch (error) {
      const isInUse = error instanceof MalstromError && error.code === 'ERR_ADDRESS_IN_USE'
      if (!isInUse || attempt === BIND_ATTEMPTS_MAX) throw error
      await delay(BIND_AGAIN_MS)
    }
  }
}

/** Where one process can be reached, for as many transports as it has. */
export class ZeromqEndpoint {
  readonly #settings: EndpointSettings
  readonly #context = new Context()
  readonly #socket: Router
  readonly #log: RefusalLog
  readonly #transports = new Map<string, ZeromqTransport>()
  readonly #streams = new Map<number, PeerStream>()
  /** By session and who this was in it: in one session a process may be one worker after another. */
  readonly #closedSessions = new Set<string>()
  readonly #closedTokens = new Set<number>()
  readonly #host: TransportHost
  #access: AccessControl | undefined
  readonly #place: { address: string; readonly publicKey: string }
  #isReplying = false

  /** @internal */
  static async bind(settings: EndpointSettings): Promise<ZeromqEndpoint> {
    await checkPathIsFree(settings.bind)
    const endpoint = new ZeromqEndpoint(settings)
    try {
      await endpoint.#bind()
      return endpoint
    } catch (error) {
      endpoint.destroy()
      throw error
    }
  }

  private constructor(settings: EndpointSettings) {
    this.#settings = settings
    this.#place = { address: '', publicKey: settings.security?.keys.publicKey ?? '' }
    this.#host = {
      place: this.#place,
      frameBytesMax: settings.frameBytesMax,
      connect: (peer, address, user) => this.#connect(peer, address, user),
      newToken: () => this.#newToken(),
      isAllowed: (publicKey) => settings.security === undefined || (this.#access?.isAllowed(publicKey) ?? false),
      addStream: (token, stream) => this.#streams.set(token, stream),
      removeStream: (token, how) => {
        this.#streams.delete(token)
        if (how === 'closed') remember(this.#closedTokens, token, CLOSED_TOKENS_MAX)
      },
      transportClosed: (transport) => {
        const { session, self } = transport
        if (this.#transports.get(session) === transport) this.#transports.delete(session)
        remember(this.#closedSessions, placeIn(session, self), CLOSED_SESSIONS_MAX)
      },
    }
    this.#log = new RefusalLog((line) => settings.logger(`${nameOf(settings.self)}: ${line}`))
    this.#socket = new Router({
      context: this.#context,
      linger: 0,
      receiveHighWaterMark: HIGH_WATER_MESSAGES,
      sendHighWaterMark: HIGH_WATER_MESSAGES,
      maxMessageSize: Math.max(settings.frameBytesMax, PACKET_BYTES) + OVERHEAD_BYTES,
      handshakeInterval: HANDSHAKE_MS,
      ipv6: isIpv6(settings.bind),
      ...(settings.security === undefined
        ? {}
        : { curveServer: true, curveSecretKey: settings.security.keys.secretKey, zapDomain: 'malstrom' }),
    })
  }

  async #bind(): Promise<void> {
    const { bind, security } = this.#settings
    if (security !== undefined) this.#access = await AccessControl.start(this.#context, security.allowed, this.#log)
    void this.#observe()
    try {
      await this.#socket.bind(bind)
    } catch (error) {
      throw bindError(bind, error as NodeJS.ErrnoException)
    }
    this.#place.address = reachableAddress(this.#socket.lastEndpoint ?? bind, this.#settings.advertisedHost)
    void this.#receive()
  }

  /** Where others connect; with the port that was chosen. */
  get address(): string {
    return this.#place.address
  }

  /** The links of one session. When they are closed, it can be opened again as another peer. @throws MalstromError `ERR_OPERATOR_ARGUMENT` */
  transport(options: TransportOptions): ZeromqTransport {
    const settings = transportSettings(options, this.#settings.self)
    const { session, self } = settings
    if (this.#transports.has(session) || this.#closedSessions.has(placeIn(session, self)))
      throw new MalstromError(
        'ERR_OPERATOR_ARGUMENT',
        `There has been a transport of ${nameOf(self)} with the session "${session}" before. Each has its own.`,
      )
    const transport = new ZeromqTransport(this.#host, settings)
    this.#transports.set(session, transport)
    return transport
  }

  /** From now on the owner of this public key may connect. */
  allow(publicKey: string): void {
    this.#access?.allow(publicKey)
  }

  /** Closes all transports, and then the endpoint. */
  async close(): Promise<void> {
    await Promise.all([...this.#transports.values()].map((transport) => transport.close()))
    this.destroy()
  }

  /** Closes without waiting for anybody: what has not been handed over is lost, links are not told, and peers will miss the heartbeats. */
  destroy(): void {
    this.#socket.close()
    this.#access?.close()
    for (const transport of this.#transports.values()) transport.destroy()
  }

  #connect(peer: PeerId, address: PeerAddress, user: SocketUser): PeerSocket {
    const { security, allowInsecure } = this.#settings
    if (security !== undefined) checkKey(address.publicKey, `the public key of ${nameOf(peer)}:`)
    checkAddress(address.address, allowInsecure || security !== undefined)
    return new PeerSocket(this.#context, address, security?.keys, {
      next: () => user.next(),
      refused: (refusal, token, reason) => user.refused(refusal, token, reason),
      trouble: (reason, forGood) => {
        this.#log.add(`There is no connection to ${nameOf(peer)}: ${reason}.`)
        user.trouble(reason, forGood)
      },
      broken: (error) => user.broken(error),
      deserted: () => user.deserted(),
    })
  }

  #newToken(): number {
    for (;;) {
      const token = randomBytes(TOKEN_BYTES).readUIntBE(0, TOKEN_BYTES)
      if (token !== 0 && !this.#streams.has(token)) return token
    }
  }

  async #receive(): Promise<void> {
    try {
      for await (const parts of this.#socket) this.#arrived(parts)
    } catch (error) {
      if (!this.#socket.closed) throw error
    }
  }

  #arrived([from, message, ...rest]: Buffer[]): void {
    if (from === undefined || message === undefined) return
    const kind = rest.length > 0 ? { malformed: 'it does not speak the protocol' } : kindOf(message)
    if (typeof kind === 'object') this.#turnAway(from, 'never', 0, 'a peer', kind.malformed)
    else if (kind === 'hello') this.#hello(from, message)
    else if (kind !== 'refused') {
      const token = tokenOf(message)
      const stream = this.#streams.get(token)
      if (stream !== undefined) stream.arrived(kind, message)
      // When two ends close at the same time, their last heartbeats and credits cross; only frames are worth a line.
      else if (this.#closedTokens.has(token))
        this.#turnAway(from, 'closed', token, kind === 'data' && hasFrames(message) ? 'late frames' : '', 'it has closed')
      else this.#turnAway(from, 'never', token, 'a message', 'it does not know of this link; it may have been started again')
    }
  }

  #hello(from: Buffer, message: Buffer): void {
    let hello: Hello
    try {
      hello = readHello(message)
    } catch {
      // It is too short for what it says; there is nothing more to know.
      this.#turnAway(from, 'never', 0, 'a peer', 'its first message is malformed')
      return
    }
    const { session, token, to } = hello
    const transport = this.#transports.get(session)
    const who = nameOf(hello.from)
    const self = transport?.self ?? this.#settings.self
    if (transport !== undefined && to === self) {
      const answer = transport.hello(hello)
      if (answer !== undefined) this.#turnAway(from, answer.refusal, token, who, answer.reason)
    } else if (this.#closedSessions.has(placeIn(session, to)))
      this.#turnAway(from, 'closed', token, who, `the session ${JSON.stringify(session)} is over`)
    else if (to !== self) this.#turnAway(from, 'later', token, who, `it looks for ${nameOf(to)}, and this is ${nameOf(self)}`)
    else this.#turnAway(from, 'later', token, who, `the session ${JSON.stringify(session)} is not open here`)
  }

  /** Logs it, unless it is about nobody, and tells the peer if the socket is free: a refusal that is lost is repeated when the peer tries again. */
  #turnAway(from: Buffer, refusal: Refusal, token: number, who: string, reason: string): void {
    if (who !== '') this.#log.add(`Turned away ${who}: ${reason}.`)
    if (this.#isReplying || this.#socket.closed) return
    this.#isReplying = true
    const done = () => {
      this.#isReplying = false
    }
    // The peer may have gone by now; there is nobody to tell then.
    this.#socket.send([from, writeRefusal(refusal, token, reason)]).then(done, done)
  }

  async #observe(): Promise<void> {
    const { events } = this.#socket
    try {
      for await (const event of events) {
        if (event.type !== 'handshake:error:protocol') continue
        const hasOtherKeys = (event.error as NodeJS.ErrnoException).code === 'ERR_ZMTP_CRYPTOGRAPHIC'
        const why = hasOtherKeys ? 'it expects an endpoint with another public key' : 'it does not speak ZeroMQ, or only one end has keys'
        this.#log.add(`Turned away a connection: ${why}.`)
      }
    } catch (error) {
      if (!events.closed && !this.#socket.closed) throw error
    }
  }
}

function placeIn(session: string, self: PeerId): string {
  return JSON.stringify([session, self])
}

function remember<T>(set: Set<T>, value: T, max: number): void {
  set.add(value)
  for (const oldest of set) {
    if (set.size <= max) return
    set.delete(oldest)
  }
}
