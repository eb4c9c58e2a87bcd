import { type Link, type LinkEvents, MalstromError, type PeerId, type Transport } from '@malstrom/core'
import type { PeerAddress, PeerSocket, SocketUser } from './peer-socket.ts'
import { HEARTBEATS, PeerStream, type StreamSettings } from './peer-stream.ts'
import { lost, refused } from './stream-errors.ts'
import type { Hello, Refusal } from './wire.ts'
import type { TransportSettings } from './zeromq-options.ts'

const ACKNOWLEDGE_AFTER_MS = 1

/** Peers that introduce themselves and are still there. */
const WELCOME_MAX = 1_000

/** What transports share: one endpoint has several, one for each generation. */
export interface TransportHost {
  /** Where this process can be reached. */
  readonly place: NonNullable<Hello['place']>
  readonly frameBytesMax: number
  /** A socket to `peer`. @throws MalstromError `ERR_TRANSPORT_INSECURE`, `ERR_ADDRESS_INVALID` */
  connect(peer: PeerId, address: PeerAddress, user: SocketUser): PeerSocket
  /** From now on messages with this token are for `stream`. */
  addStream(token: number, stream: PeerStream): void
  /** `closed`: what still comes for it is turned away as late, and not as unknown. */
  removeStream(token: number, how: 'closed' | 'failed'): void
  newToken(): number
  /** Whether the owner of a public key may connect. */
  isAllowed(publicKey: string): boolean
  transportClosed(transport: ZeromqTransport): void
}

interface Connection {
  readonly stream: PeerStream
  /** Whether it introduced itself: then nothing is kept of it when it is gone. */
  readonly isWelcome: boolean
  socket: PeerSocket | undefined
}

/** The links of one generation. */
export class ZeromqTransport implements Transport {
  readonly #host: TransportHost
  readonly #options: TransportSettings
  readonly #settings: StreamSettings
  readonly #connections = new Map<PeerId, Connection>()
  readonly #added = new Map<PeerId, PeerAddress>()
  /** Those that have introduced themselves. */
  readonly #welcomed = new Map<PeerId, PeerAddress>()
  readonly #heartbeat: NodeJS.Timeout
  #closing: Promise<void> | undefined

  constructor(host: TransportHost, options: TransportSettings) {
    this.#host = host
    this.#options = options
    this.#settings = { ...options, frameBytesMax: host.frameBytesMax, place: options.introduce ? host.place : undefined }
    this.#heartbeat = setInterval(() => this.#tick(), options.heartbeatTimeoutMs / HEARTBEATS)
    this.#heartbeat.unref()
  }

  get self(): PeerId {
    return this.#options.self
  }

  get session(): string {
    return this.#options.session
  }

  open(peer: PeerId, channel: number, events: LinkEvents): Link {
    if (this.#closing !== undefined) throw lost({ peer, address: undefined }, 'this end is closed')
    if (!Number.isInteger(channel) || channel < 0 || channel >= 2 ** 32 - 1 || peer === this.self)
      throw new MalstromError(
        'ERR_OPERATOR_ARGUMENT',
        `A link needs another peer and a channel below 2^32 - 1, not ${peer} and ${channel}.`,
      )
    return this.#connection(peer).stream.open(channel, events)
  }

  /** Says where a peer is that was not known before: a rescale brings new workers. */
  addPeer(peer: PeerId, address: PeerAddress): void {
    this.#added.set(peer, address)
    const connection = this.#connections.get(peer)
    if (connection !== undefined) this.#connect(connection)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** Closes without waiting for anybody; links are not told. */
  destroy(): void {
    clearInterval(this.#heartbeat)
    for (const { stream, socket } of this.#connections.values()) {
      socket?.close()
      // Who still sends is late, and no stranger.
      this.#host.removeStream(stream.token, 'closed')
    }
    this.#connections.clear()
    this.#closing ??= Promise.resolve()
    this.#host.transportClosed(this)
  }

  /** A peer of this session presents itself. Returns why it is turned away. */
  hello(hello: Hello): { readonly refusal: Refusal; readonly reason: string } | undefined {
    const { from } = hello
    if (!this.#connections.has(from) && this.#closing !== undefined) return { refusal: 'closed', reason: 'it has closed' }
    const isNew = this.#addressOf(from) === undefined
    if (isNew) {
      const reason = this.#introduced(hello)
      if (reason !== undefined) return { refusal: 'later', reason }
    }
    const reason = this.#connection(from).stream.hello(hello)
    const address = this.#welcomed.get(from)
    if (isNew && reason === undefined && address !== undefined) this.#options.welcome?.(from, address)
    return reason === undefined ? undefined : { refusal: 'later', reason }
  }

  /** Somebody says where it is that was not known before. Returns why it is turned away. */
  #introduced({ from, place }: Hello): string | undefined {
    if (place === undefined || this.#options.welcome === undefined) return 'it does not know the address of this end yet'
    if (!this.#host.isAllowed(place.publicKey)) return 'the public key it gives is not one of those that may connect'
    if (this.#welcomed.size >= WELCOME_MAX) return `${WELCOME_MAX} others are connected with it already`
    this.#welcomed.set(from, { address: place.address, ...(place.publicKey === '' ? {} : { publicKey: place.publicKey }) })
    return undefined
  }

  #connection(peer: PeerId): Connection {
    const known = this.#connections.get(peer)
    if (known !== undefined) return known
    const token = this.#host.newToken()
    const addressOf = () => this.#addressOf(peer)?.address
    const place = {
      peer,
      get address() {
        return addressOf()
      },
    }
    const stream = new PeerStream(place, token, this.#settings, {
      wake: () => connection.socket?.wake(),
      hurry: () => connection.socket?.hurry(),
      soon: (run) => {
        setTimeout(run, ACKNOWLEDGE_AFTER_MS).unref()
      },
      ended: (how) => this.#ended(connection, how),
    })
    const connection: Connection = { stream, socket: undefined, isWelcome: this.#welcomed.has(peer) }
    this.#connections.set(peer, connection)
    this.#host.addStream(token, stream)
    this.#connect(connection)
    return connection
  }

  #connect(connection: Connection): void {
    const { stream, socket } = connection
    const { peer } = stream.place
    if (socket !== undefined || !stream.isAlive) return
    try {
      const address = this.#addressOf(peer)
      if (address === undefined) return
      connection.socket = this.#socketTo(peer, address, stream)
      connection.socket.wake()
    } catch (error) {
      stream.fail(error instanceof Error ? error : new Error(String(error)))
    }
  }

  #socketTo(peer: PeerId, address: PeerAddress, stream: PeerStream): PeerSocket {
    return this.#host.connect(peer, address, {
      next: () => stream.next(),
      refused: (refusal, token, reason) => stream.refused(refusal, token, reason),
      trouble: (reason, forGood) => (forGood ? stream.fail(refused(stream.place, reason)) : stream.trouble(reason)),
      broken: (error) => stream.fail(lost(stream.place, `its socket has failed (${error})`)),
      deserted: () => {
        if (this.#options.refusedIsGone) stream.deserted()
      },
    })
  }

  #ended({ stream, socket, isWelcome }: Connection, how: 'left' | 'failed' | 'closed'): void {
    if (how === 'failed') socket?.close()
    else socket?.end()
    if (how !== 'left' || isWelcome) this.#host.removeStream(stream.token, how === 'failed' ? 'failed' : 'closed')
    if (!isWelcome) return
    const { peer } = stream.place
    this.#connections.delete(peer)
    this.#welcomed.delete(peer)
  }

  #addressOf(peer: PeerId): PeerAddress | undefined {
    const { peers } = this.#options
    return this.#added.get(peer) ?? this.#welcomed.get(peer) ?? (typeof peers === 'function' ? peers(peer) : peers.get(peer))
  }

  #tick(): void {
    for (const connection of this.#connections.values()) {
      this.#connect(connection)
      connection.stream.tick()
    }
  }

  async #close(): Promise<void> {
    const connections = [...this.#connections.values()]
    await Promise.all(connections.map(({ stream }) => stream.finish()))
    await Promise.all(connections.map(({ socket }) => socket?.closed))
    clearInterval(this.#heartbeat)
    this.#host.transportClosed(this)
  }
}
