import { MalstromError } from '@malstrom/core'
import { check } from '../server/http-error.ts'
import { isLoopback } from '../server/loopback.ts'

/** Where requests go. */
export interface WebhookTarget {
  readonly url: string
  /** What errors call it. Its path and its query may be secrets, as they are with Slack. */
  readonly name: string
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
}

const OWN_HEADERS = ['content-type', 'idempotency-key']
const SECRET = /authorization|cookie|token|secret|signature|password|api-?key/i

export function webhookTarget(
  owner: string,
  given: string | URL,
  method: string,
  givenHeaders: Readonly<Record<string, string>>,
): WebhookTarget {
  check(owner, URL.canParse(String(given)), 'url: an address that begins with https:// or http://')
  const url = new URL(String(given))
  check(owner, url.protocol === 'https:' || url.protocol === 'http:', `url: an address with https: or http:, not ${url.protocol}`)
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(givenHeaders)) {
    // What the values are is not said: they may be credentials.
    check(owner, isHeader(name, value), `headers that HTTP knows: "${name}" has a name or a value that cannot be sent`)
    const taken = OWN_HEADERS.includes(name.toLowerCase())
    check(owner, !taken, `headers without "${name}", which it sets itself`)
    headers[name.toLowerCase()] = value
  }
  if (url.username !== '' || url.password !== '') {
    check(owner, headers.authorization === undefined, 'credentials either in the url or in headers.authorization')
    const credentials = `${decoded(owner, url.username)}:${decoded(owner, url.password)}`
    headers.authorization = `Basic ${Buffer.from(credentials).toString('base64')}`
    url.username = ''
    url.password = ''
  }
  const hasCredentials = Object.keys(headers).some((name) => SECRET.test(name))
  if (hasCredentials && url.protocol === 'http:' && !isLoopback(url.hostname)) {
    const problem = `${owner} would send credentials to ${url.origin} without encryption. Use https:, or leave them out.`
    throw new MalstromError('ERR_OPERATOR_ARGUMENT', problem)
  }
  return { url: url.href, name: url.origin, method, headers }
}

function decoded(owner: string, part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw new MalstromError('ERR_OPERATOR_ARGUMENT', `${owner} cannot read the credentials in its url: a % stands alone. Write it as %25.`)
  }
}

function isHeader(name: string, value: unknown): boolean {
  try {
    new Headers([[name, value as string]])
    return typeof value === 'string'
  } catch {
    return false
  }
}
