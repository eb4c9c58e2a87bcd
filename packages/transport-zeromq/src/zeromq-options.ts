import { checkOptionNames, MalstromError, type PeerId } from '@malstrom/core'
import { checkKey, type Keys } from './keys.ts'
import type { PeerAddress } from './peer-socket.ts'

export interface EndpointSecurity {
  /** The keys of this process. */
  readonly keys: Keys
  /** The public keys that may connect. */
  readonly allowed: readonly string[]
}

export interface EndpointOptions {
  /** Who this process is to the others. */
  readonly self: PeerId
  /** Where it listens: `tcp://127.0.0.1:0` (0 takes a port that is free) or `ipc:///path`. */
  readonly bind: string
  /** The host of `address`, for endpoints that listen on every interface (`tcp://0.0.0.0:4000`). @default the host of `bind` */
  readonly advertisedHost?: string
  /** Encrypts and authenticates all connections with CURVE. Needed to listen where other machines can connect. */
  readonly security?: EndpointSecurity
  /** Lets an endpoint without `security` listen where other machines can connect. @default false */
  readonly allowInsecure?: boolean
  /** The largest frame that is sent or accepted, in bytes. @default 64 MiB */
  readonly frameBytesMax?: number
  /** Gets a line for each kind of peer that was turned away; never credentials. @default writes to standard error */
  readonly logger?: (line: string) => void
}

export interface TransportOptions {
  /** What both ends must have in common: for example job, graph and generation. An endpoint takes each session once. */
  readonly session: string
  /** Who this process is in this session. @default who its endpoint is */
  readonly self?: PeerId
  /** Tells the others where this process is, for those that do not know. @default false */
  readonly introduce?: boolean
  /**
   * A process that is not among `peers` has introduced itself: it is a peer from now on. Who has keys introduces itself with one of those that
   * may connect. Without this, such a process is turned away.
   */
  readonly welcome?: (peer: PeerId, address: PeerAddress) => void
  /**
   * A peer at whose address nobody listens any more is gone, and its links fail before its heartbeats are missed. Not where addresses are those
   * of proxies, which may be away for a moment.
   *
   * @default false
   */
  readonly refusedIsGone?: boolean
  /** Where the others are. A function is asked again until it knows. `addPeer` adds what is not known yet. */
  readonly peers: ReadonlyMap<PeerId, PeerAddress> | ((peer: PeerId) => PeerAddress | undefined)
  /** How long a link waits for the other end to appear. @default 30_000 */
  readonly linkTimeoutMs?: number
  /** How long a peer may be silent. Five heartbeats are sent in that time, so it must be the same at both ends. @default 5_000 */
  readonly heartbeatTimeoutMs?: number
  /** How long `close` waits for peers to take what is left. @default 30_000 */
  readonly closeTimeoutMs?: number
  /** How far a channel may be ahead of its receiver, in bytes that are in memory there. @default 4 MiB */
  readonly channelBytesMax?: number
  /** How much is on its way to one peer, and kept to be sent again. @default 16 MiB */
  readonly unacknowledgedBytesMax?: number
  /** How much may wait on one link before it fails because its sender does not stop. @default 1 GiB */
  readonly queuedBytesMax?: number
  /** How many channels there may be with one peer. @default 65_536 */
  readonly channelsMax?: number
}

const MIB = 1_024 * 1_024

const endpointOptionNames: readonly (keyof EndpointOptions)[] = [
  'self',
  'bind',
  'advertisedHost',
  'security',
  'allowInsecure',
  'frameBytesMax',
  'logger',
]

export type EndpointSettings = Required<Omit<EndpointOptions, 'security' | 'advertisedHost'>> & {
  readonly security: EndpointSecurity | undefined
  readonly advertisedHost: string | undefined
}

/** @throws MalstromError `ERR_OPERATOR_ARGUMENT` */
export function endpointSettings(options: EndpointOptions): EndpointSettings {
  checkOptionNames('zeromqEndpoint', options, endpointOptionNames)
  const { self, bind, advertisedHost, security, allowInsecure = false, frameBytesMax = 64 * MIB, logger = toStandardError } = options
  check(isPeerId(self), 'a self that is the id of a worker or "coordinator"')
  check(typeof bind === 'string', 'an address to bind to')
  checkCount('frameBytesMax', frameBytesMax, 2 ** 31 - 1)
  if (security !== undefined) {
    checkKey(security.keys.publicKey, 'a public key')
    checkKey(security.keys.secretKey, 'a secret key')
  }
  return { self, bind, advertisedHost, security, allowInsecure, frameBytesMax, logger }
}

const transportOptionNames: readonly (keyof TransportOptions)[] = [
  'session',
  'self',
  'introduce',
  'welcome',
  'refusedIsGone',
  'peers',
  'linkTimeoutMs',
  'heartbeatTimeoutMs',
  'closeTimeoutMs',
  'channelBytesMax',
  'unacknowledgedBytesMax',
  'queuedBytesMax',
  'channelsMax',
]

export type TransportSettings = Required<Omit<TransportOptions, 'welcome'>> & Pick<TransportOptions, 'welcome'>

/** @throws MalstromError `ERR_OPERATOR_ARGUMENT` */
export function transportSettings(options: TransportOptions, endpoint: PeerId): TransportSettings {
  checkOptionNames('endpoint.transport', options, transportOptionNames)
  const {
    session,
    self = endpoint,
    introduce = false,
    refusedIsGone = false,
    welcome,
    peers,
    linkTimeoutMs = 30_000,
    heartbeatTimeoutMs = 5_000,
    closeTimeoutMs = 30_000,
  } = options
  const { channelBytesMax = 4 * MIB, unacknowledgedBytesMax = 16 * MIB, queuedBytesMax = 1_024 * MIB, channelsMax = 65_536 } = options
  check(typeof session === 'string' && session.length > 0 && session.length < 10_000, 'a session that is a text')
  const times = { linkTimeoutMs, heartbeatTimeoutMs, closeTimeoutMs }
  const bounds = { channelBytesMax, unacknowledgedBytesMax, queuedBytesMax, channelsMax }
  for (const [name, value] of Object.entries({ ...times, ...bounds })) checkCount(name, value, 2 ** 31 - 1)
  check(heartbeatTimeoutMs >= 50, 'a heartbeatTimeoutMs of at least 50')
  check(isPeerId(self), 'a self that is the id of a worker or "coordinator"')
  return { session, self, introduce, refusedIsGone, ...(welcome === undefined ? {} : { welcome }), peers, ...times, ...bounds }
}

function isPeerId(self: unknown): boolean {
  return self === 'coordinator' || (Number.isSafeInteger(self) && (self as number) >= 0)
}

function checkCount(name: string, value: number, max: number): void {
  check(Number.isInteger(value) && value > 0 && value <= max, `a ${name} that is a whole number from 1 to ${max}`)
}

function check(holds: boolean, what: string): void {
  if (!holds) throw new MalstromError('ERR_OPERATOR_ARGUMENT', `zeromqEndpoint needs ${what}.`)
}

function toStandardError(line: string): void {
  process.stderr.write(`malstrom: ${line}\n`)
}
