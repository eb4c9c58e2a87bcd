import { createSecureContext, type TlsOptions } from 'node:tls'
import { checkOptionNames, messageOf } from '@malstrom/core'
import { check, isCount } from './http-error.ts'
import { isLoopback } from './loopback.ts'

/** Where a server listens, and who may talk to it. */
export interface ServerOptions {
  /** From 0 to 65,535; 0 takes one that is free, which `onListening` tells. */
  readonly port: number
  /** The address of this machine that it listens on; `0.0.0.0` or `::` for all of them. @default '127.0.0.1' */
  readonly host?: string
  /** The path of its URL, without query. @default '/' */
  readonly path?: string
  /**
   * Which web pages may talk to it: their origins, such as `https://shop.example.com`. Programs that are no browsers name none
   * and are not asked. @default pages of this machine (localhost, 127.0.0.1, [::1]), whatever their port
   */
  readonly origins?: readonly string[]
  /**
   * Speak HTTPS: what `node:https` takes, such as `{ key: readFileSync('key.pem'), cert: readFileSync('cert.pem') }`, and with
   * `{ ca, requestCert: true, rejectUnauthorized: true }` only with clients that have a certificate too. Every worker reads its own. Never part of an error.
   * @default HTTP
   */
  readonly tls?: TlsOptions
  /** What one client may take of the server. */
  readonly limits?: ServerLimits
  /** Called whenever it begins to listen: at the start of the job, and where the partition moves to. */
  readonly onListening?: (address: ListeningAddress) => void
}

/** Bounds of a server. Times are in milliseconds, and are looked after every second or as often as the shortest of them. */
export interface ServerLimits {
  /** More connections than this are closed at once. @default 4_096 */
  readonly connectionsMax?: number
  /** How large the headers of a request may be, in bytes. Larger ones are answered 431. @default 16_384 (16 KiB) */
  readonly headerBytesMax?: number
  /** How long a client may take to send its headers, and for the handshake of TLS. Later it is answered 408. @default 10_000 */
  readonly headersTimeoutMs?: number
  /** How long a client may take to send a whole request. Later it is answered 408. @default 60_000 */
  readonly requestTimeoutMs?: number
  /** How long a connection stays open after an answer, for the next request. @default 5_000 */
  readonly idleTimeoutMs?: number
}

export interface ListeningAddress {
  readonly host: string
  readonly port: number
}

export const SERVER_OPTIONS = ['port', 'host', 'path', 'origins', 'tls', 'limits', 'onListening'] as const

const PORT_MAX = 65_535
const TIMEOUT_MS_MAX = 2 ** 31 - 1
const LIMITS: Required<ServerLimits> = {
  connectionsMax: 4_096,
  headerBytesMax: 16 * 1024,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 60_000,
  idleTimeoutMs: 5_000,
}

/** The options of a server, checked and with defaults. */
export interface ServerSettings {
  readonly owner: string
  readonly port: number
  readonly host: string
  readonly path: string
  readonly origins: readonly string[]
  readonly tls: TlsOptions | undefined
  readonly limits: Required<ServerLimits>
  readonly onListening: ((address: ListeningAddress) => void) | undefined
}

export function serverSettings(owner: string, options: ServerOptions): ServerSettings {
  const { port, host = '127.0.0.1', path = '/', origins = [], tls, onListening } = options
  check(owner, Number.isInteger(port) && port >= 0 && port <= PORT_MAX, `a port from 0 to ${PORT_MAX}`)
  check(owner, typeof host === 'string' && host !== '', 'host: an address of this machine')
  check(owner, typeof path === 'string' && /^\/[^?#\s]*$/.test(path), 'path: one that begins with / and has no query')
  check(owner, Array.isArray(origins) && origins.every(isOrigin), 'origins such as https://shop.example.com, without a path')
  check(owner, onListening === undefined || typeof onListening === 'function', 'onListening: a function')
  if (tls !== undefined) checkTls(owner, tls)
  return { owner, port, host, path, origins, tls, limits: limitsOf(owner, options.limits ?? {}), onListening }
}

/** A server whose certificate cannot be used refuses every client, so it is not begun. */
function checkTls(owner: string, tls: TlsOptions): void {
  check(owner, typeof tls === 'object' && tls !== null, 'tls: the options of node:https, such as { key, cert }')
  const hasCertificate = (tls.cert !== undefined && tls.key !== undefined) || tls.pfx !== undefined || tls.SNICallback !== undefined
  check(owner, hasCertificate, 'tls with key and cert, or with pfx')
  try {
    createSecureContext(tls)
  } catch (thrown) {
    check(owner, false, `tls with a key and a certificate that can be read and belong together (${messageOf(thrown)})`)
  }
}

function limitsOf(owner: string, given: ServerLimits): Required<ServerLimits> {
  checkOptionNames(`${owner}: limits`, given, Object.keys(LIMITS))
  const limits = { ...LIMITS, ...given }
  for (const [name, count] of Object.entries(limits)) check(owner, isCount(count), `limits.${name}: a whole number above 0`)
  const { headersTimeoutMs, requestTimeoutMs, idleTimeoutMs } = limits
  check(owner, Math.max(requestTimeoutMs, idleTimeoutMs) <= TIMEOUT_MS_MAX, `times of at most ${TIMEOUT_MS_MAX} ms in limits`)
  check(owner, headersTimeoutMs <= requestTimeoutMs, 'a limits.headersTimeoutMs of at most requestTimeoutMs: headers are part of a request')
  return limits
}

function isOrigin(origin: unknown): boolean {
  if (typeof origin !== 'string' || !URL.canParse(origin)) return false
  return new URL(origin).origin === origin
}

/** Why a request may not be answered; `undefined` if it may. */
export function foreignness(settings: ServerSettings, origin: string | undefined, hostHeader: string | undefined): string | undefined {
  if (origin !== undefined && !isAllowedOrigin(settings, origin)) return `pages of ${origin} may not talk to it`
  // A page can give its own host name the address of this machine (DNS rebinding), and then needs no foreign origin.
  if (isLoopback(settings.host) && !isAllowedHost(settings, hostHeader)) return 'it is asked under a foreign host name'
  return undefined
}

function isAllowedOrigin({ origins }: ServerSettings, origin: string): boolean {
  if (origins.includes(origin)) return true
  return origins.length === 0 && URL.canParse(origin) && isLoopback(new URL(origin).hostname)
}

function isAllowedHost({ host, origins }: ServerSettings, header: string | undefined): boolean {
  const url = `http://${header ?? ''}`
  if (!URL.canParse(url)) return false
  const { hostname } = new URL(url)
  return isLoopback(hostname) || hostname === host || origins.some((origin) => new URL(origin).hostname === hostname)
}
