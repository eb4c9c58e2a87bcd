import { type Link, type LinkEvents, MalstromError, type PeerId, type Transport } from '@malstrom/core'
import type { PeerAddress, PeerSocket, SocketUser } from './peer-socket.ts'
import { HEARTBEATS, PeerStream, type StreamSettings } from './peer-stream.ts'
import { lost, refused } from './stream-errors.ts'
import type { Hello, Refusal } from './wire.ts'
import type { TransportOptions } from './zeromq-options.ts'

const ACKNOWLEDGE_AFTER_MS = 1

/** What transports share: one endpoint has several, one for each generation. */
export interface TransportHost {
  readonly self: PeerId
  readonly frameBytesMax: number
  /** A socket to `peer`. @throws MalstromError `ERR_TRANSPORT_INSECURE`, `ERR_ADDRESS_INVALID` */
  connect(peer: PeerId, address: PeerAddress, user: SocketUser): PeerSocket
  /** From now on messages with this token are for `stream`. */
  addStream(token: number, stream: PeerStream): void
  /** `closed`: what still comes for it is turned away as late, and not as unknown. */
  removeStream(token: number, how: 'closed' | 'failed'): void
  newToken(): number
  transportClosed(session: string): void
}

interface Connection {
  readonly stream: PeerStream
  socket: PeerSocket | undefined
}

/** The links of one generation. */
export class ZeromqTransport implements Transport {
  readonly #host: TransportHost
  readonly #options: Required<TransportOptions>
  readonly #settings: StreamSettings
  readonly #connections = new Map<PeerId, Connection>()
  readonly #added = new Map<PeerId, PeerAddress>()
  readonly #heartbeat: NodeJS.Timeout
  #closing: Promise<void> | undefined

  constructor(host: TransportHost, options: Required<TransportOptions>) {
    this.#host = host
    this.#options = options
    this.#settings = { ...options, self: host.self, frameBytesMax: host.frameBytesMax }
    this.#heartbeat = setInterval(() => this.#tick(), options.heartbeatTimeoutMs / HEARTBEATS)
    this.#heartbeat.unref()
  }

  get session(): string {
    return this.#options.session
  }

  open(peer: PeerId, channel: number, events: LinkEvents): Link {
    if (this.#closing !== undefined) throw lost({ peer, address: undefined }, 'this end is closed')
    if (!Number.isInteger(channel) || channel < 0 || channel >= 2 ** 32 - 1 || peer === this.#host.self)
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
      this.#host.removeStream(stream.token, 'failed')
    }
    this.#connections.clear()
    this.#closing ??= Promise.resolve()
    this.#host.transportClosed(this.session)
  }

  /** A peer of this session presents itself. Returns why it is turned away. */
  hello(hello: Hello): { readonly refusal: Refusal; readonly reason: string } | undefined {
    const { from } = hello
    if (!this.#connections.has(from) && this.#closing !== undefined) return { refusal: 'closed', reason: 'it has closed' }
    if (this.#addressOf(from) === undefined) return { refusal: 'later', reason: 'it does not know the address of this end yet' }
    const reason = this.#connection(from).stream.hello(hello)
    return reason === undefined ? undefined : { refusal: 'later', reason }
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
      soon: (run) => {
        setTimeout(run, ACKNOWLEDGE_AFTER_MS).unref()
      },
      ended: (how) => this.#ended(connection, how),
    })
    const connection: Connection = { stream, socket: undefined }
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
    })
  }

  #ended({ stream, socket }: Connection, how: 'left' | 'failed' | 'closed'): void {
    if (how === 'failed') socket?.close()
    else socket?.end()
    if (how !== 'left') this.#host.removeStream(stream.token, how)
  }

  #addressOf(peer: PeerId): PeerAddress | undefined {
    const { peers } = this.#options
    return this.#added.get(peer) ?? (typeof peers === 'function' ? peers(peer) : peers.get(peer))
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
    this.#host.transportClosed(this.session)
  }
}
