import { MalstromError } from '@malstrom/core'
import { excerpt } from '../excerpt.ts'
import { isStreamKey, STREAM_KEY_LENGTH_MAX } from '../stream/stream-message.ts'

/*
 *   stream url   := [scheme "://"] nodes "/" [key *("," key)]     the last "/" separates nodes from keys
 *   streamer uri := [scheme "://"] nodes
 *   nodes        := "" | node *("," node)                         the scheme holds for every node
 *   key          := 1 to 249 of A-Z a-z 0-9 "." "_" "-"
 *
 * The grammar is that of SeaStreamer.
 */

/** One of the servers or files of a streaming system. */
export interface StreamNode {
  /** What a client connects to, without scheme, user and password: `localhost:6379`, `./logs/a.ss`. */
  readonly address: string
  readonly user?: string
  /** Never part of an error or of `urlText`. */
  readonly password?: string
}

/** Where a streaming system is, without streams: `kafka://a:9092,b:9092`. */
export interface StreamerUri {
  /** In lower case; `undefined` if the text has none. */
  readonly scheme: string | undefined
  /** Without any, the one node `.`: the system is where the process is, as for `stdio://`. */
  readonly nodes: readonly StreamNode[]
}

/** Streams in a streaming system: `kafka://a:9092,b:9092/clicks,views`. */
export interface StreamUrl extends StreamerUri {
  /** None means what the system makes of it: usually all. */
  readonly keys: readonly string[]
}

/** Reads a URL with streams. It has a `/` before the streams, also if it names none: `redis://localhost/`. */
export function parseStreamUrl(url: string): StreamUrl {
  const [scheme, rest] = splitScheme(url)
  const slash = rest.lastIndexOf('/')
  if (slash < 0 && scheme === undefined && !/[:@,]/.test(url))
    throw urlError(url, 'it has no scheme, and no "/" before the streams. Write file://./path/file.ss/ for a file.')
  if (slash < 0)
    throw urlError(url, `it has no "/" before the streams. Write ${excerpt(withoutCredentials(url))}/ for all, or name some after it.`)
  const keys = rest.slice(slash + 1)
  if (keys.includes('@') && scheme !== 'file') throw urlError(url, ESCAPES)
  return { ...streamerOf(url, scheme, rest.slice(0, slash)), keys: keys === '' ? [] : keys.split(',').map((key) => keyOf(url, key)) }
}

/** Reads a URI of a streaming system, which names no streams. */
export function parseStreamerUri(uri: string): StreamerUri {
  return streamerOf(uri, ...splitScheme(uri))
}

/** The one stream of a URL. Throws if there is none or more. */
export function onlyStreamKey(url: StreamUrl): string {
  const [key, ...others] = url.keys
  if (key !== undefined && others.length === 0) return key
  throw urlError(urlText(url), `it names ${url.keys.length} streams. Name one.`)
}

/** The text of a URL or URI, with `***` for every password. */
export function urlText(url: StreamUrl | StreamerUri): string {
  const nodes = url.nodes.map(({ address, user, password }) => {
    const credentials = user === undefined ? '' : `${encodeURIComponent(user)}${password === undefined ? '' : ':***'}@`
    return `${credentials}${address}`
  })
  const isHere = url.scheme !== undefined && nodes.length === 1 && nodes[0] === '.'
  const start = url.scheme === undefined ? '' : `${url.scheme}://`
  return `${start}${isHere ? '' : nodes.join(',')}${'keys' in url ? `/${url.keys.join(',')}` : ''}`
}

/** Whatever may be a user or a password is replaced. */
export function withoutCredentials(text: string): string {
  return text.replace(/^([a-z][a-z0-9+.-]*:\/\/)?(.*)@/is, (_, start: string | undefined, before: string) =>
    // The path of a file may have an @.
    /^file:/i.test(start ?? '') ? `${start}${before}@` : `${start ?? ''}***@`,
  )
}

/** An address that is not understood. Never holds a password. */
export function urlError(url: string, problem: string): MalstromError {
  return new MalstromError('ERR_OPERATOR_ARGUMENT', `The stream URL "${excerpt(withoutCredentials(url))}" cannot be used: ${problem}`)
}

function splitScheme(url: string): [scheme: string | undefined, rest: string] {
  const end = url.indexOf('://')
  if (end < 0) {
    const [, name, rest] = /^([a-z][a-z0-9+.-]*):([./][^@]*)$/i.exec(url) ?? []
    if (name !== undefined) throw urlError(url, `behind a scheme stands ://. Write ${excerpt(`${name}://${rest}`)}`)
    return [undefined, url]
  }
  const scheme = url.slice(0, end)
  if (!/^[A-Za-z][A-Za-z0-9+.-]*$/.test(scheme)) throw urlError(url, 'what stands before :// is no scheme.')
  return [scheme.toLowerCase(), url.slice(end + 3)]
}

function streamerOf(url: string, scheme: string | undefined, nodes: string): StreamerUri {
  if (nodes === '') {
    if (scheme === undefined) throw urlError(url, 'it has neither a scheme nor a node. Write the scheme, such as stdio://.')
    return { scheme, nodes: [{ address: '.' }] }
  }
  const parsed = nodes.split(',').flatMap((node) => (node === '' ? [] : [nodeOf(url, scheme, node)]))
  if (parsed.length === 0) throw urlError(url, 'there are only commas where nodes should be.')
  return { scheme, nodes: parsed }
}

function nodeOf(url: string, scheme: string | undefined, node: string): StreamNode {
  if (/[\s\0]/.test(node)) throw urlError(url, 'a node has a space in it. Write %20 for one in a path.')
  const at = scheme === 'file' ? -1 : node.lastIndexOf('@')
  const address = node.slice(at + 1)
  // What is no port may be the beginning of a password, so it is not shown.
  const [isAddress, port = '0'] = scheme === 'file' ? [true] : (ADDRESS.exec(address) ?? [])
  if (isAddress === undefined || Number(port) > PORT_MAX) throw urlError(url, `what follows a : is no port. ${ESCAPES}`)
  if (at < 0) return { address }
  const credentials = node.slice(0, at)
  if (address === '') throw urlError(url, 'there is no host after the @.')
  const [user = '', ...password] = credentials.split(':')
  if (password.length > 1 || credentials.includes('/')) throw urlError(url, ESCAPES)
  const isWithPassword = password[0] !== undefined
  return { address, user: decoded(url, user), ...(isWithPassword ? { password: decoded(url, password[0] as string) } : {}) }
}

const ADDRESS = /^(?:\[[^\]]*\]|[^:]*)(?::(\d+))?$/
const PORT_MAX = 65_535
const ESCAPES = 'Write %2C, %2F, %3A and %40 for a comma, a slash, a colon and an @ in a user or a password.'

function keyOf(url: string, key: string): string {
  if (isStreamKey(key)) return key
  const problem = key === '' ? 'a stream has no name.' : `${JSON.stringify(excerpt(key))} is not the key of a stream.`
  throw urlError(url, `${problem} A key is 1 to ${STREAM_KEY_LENGTH_MAX} of A-Z, a-z, 0-9, ".", "_" and "-".`)
}

function decoded(url: string, text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw urlError(url, 'a % in it is not followed by two hexadecimal digits. Write %25 for a %.')
  }
}
