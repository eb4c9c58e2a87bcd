import { didYouMean, MalstromError } from '@malstrom/core'

/** What `malstrom relay` is to do. */
export interface RelayChoice {
  readonly from: string
  readonly to: string
  readonly follow: boolean
  readonly delivery: Delivery | undefined
  /** Into how many shards a stream of Redis is divided; `undefined`: it has none. */
  readonly shards: number | undefined
  /** `undefined`: made of both URLs. */
  readonly name: string | undefined
}

const deliveries = ['exactly-once', 'at-least-once'] as const
export type Delivery = (typeof deliveries)[number]

/** What `malstrom tail` is to print. */
export interface TailChoice {
  readonly url: string
  /** `undefined`: as the system has it. */
  readonly from: TailStart | undefined
  readonly limit: number | undefined
  readonly follow: boolean
  readonly json: boolean
}

export type TailStart = 'beginning' | 'end' | { readonly timestamp: number }

type Values = ReadonlyMap<string, string | undefined>

export function relayArguments(words: readonly string[], values: Values): RelayChoice {
  const from = values.get('from')
  const to = values.get('to')
  if (words.length > 0 || from === undefined || to === undefined)
    throw usageError('malstrom relay needs where from and where to: malstrom relay --from stdio:/// --to file://./a.ss/.', 'relay')
  const delivery = values.get('delivery')
  const known = deliveries.find((candidate) => candidate === delivery)
  if (delivery !== undefined && known === undefined)
    throw usageError(`--delivery is ${deliveries.join(' or ')}, not "${delivery}".${didYouMean(delivery, deliveries)}`, 'relay')
  if (known === 'exactly-once' && !values.has('state'))
    throw usageError('--delivery exactly-once needs a place where the relay keeps how far it is: --state file:./state.', 'relay')
  const shards = values.get('shards')
  if (shards !== undefined && !(/^[1-9]\d{0,3}$/.test(shards) && /^rediss?:/i.test(to)))
    throw usageError(`--shards divides a stream of Redis that is written, into 1 to 9999, not "${shards}" for ${schemeOf(to)}.`, 'relay')
  return {
    from,
    to,
    follow: values.has('follow'),
    delivery: known,
    shards: shards === undefined ? undefined : Number(shards),
    name: values.get('name'),
  }
}

/** Of a URL that may hold a password. */
function schemeOf(url: string): string {
  return /^[a-z][a-z0-9+.-]*:/i.exec(url)?.[0] ?? 'a URL without scheme'
}

/** `<url>` */
export function tailArguments(words: readonly string[], values: Values): TailChoice {
  const [url, ...more] = words
  if (url === undefined || url === '' || more.length > 0)
    throw usageError('malstrom tail needs the URL of one stream: malstrom tail kafka://localhost:9092/orders.', 'tail')
  const limit = values.get('limit')
  if (limit !== undefined && !/^[1-9]\d{0,14}$/.test(limit))
    throw usageError(`--limit is how many messages are printed, a whole number above 0, not "${limit}".`, 'tail')
  return {
    url,
    from: startOf(values.get('from')),
    limit: limit === undefined ? undefined : Number(limit),
    follow: values.has('follow'),
    json: values.has('json'),
  }
}

const fileActions = ['show', 'repair', 'end'] as const

/** What to do with a stream file. */
export interface StreamFileChoice {
  readonly path: string
  readonly action: (typeof fileActions)[number]
  readonly discardAfterDamage: boolean
}

/** `<file> [show] | repair | end` */
export function streamFileArguments(words: readonly string[], values: Values): StreamFileChoice {
  const [path, word = 'show', ...more] = words
  if (path === undefined || path === '') throw usageError('malstrom stream-file needs a file: malstrom stream-file ./a.ss.', 'stream-file')
  const action = fileActions.find((known) => known === word)
  if (action === undefined || more.length > 0)
    throw usageError(`malstrom stream-file cannot "${[word, ...more].join(' ')}".${didYouMean(word, fileActions)}`, 'stream-file')
  const discardAfterDamage = values.has('discard-after-damage')
  if (discardAfterDamage && action !== 'repair')
    throw usageError('--discard-after-damage belongs to malstrom stream-file <file> repair.', 'stream-file')
  return { path, action, discardAfterDamage }
}

/** What `read` makes of an argument. What a URL cannot be used for is wrong usage here, not a failure of a job. */
export function asUsage<T>(argument: string, read: () => T): T {
  try {
    return read()
  } catch (thrown) {
    if (!(thrown instanceof MalstromError) || thrown.code !== 'ERR_OPERATOR_ARGUMENT') throw thrown
    throw new MalstromError('ERR_CLI_USAGE', `${argument}: ${thrown.message}`, { cause: thrown })
  }
}

function startOf(text: string | undefined): TailStart | undefined {
  if (text === undefined) return undefined
  if (text === 'earliest') return 'beginning'
  if (text === 'latest') return 'end'
  if (/^\d{1,15}$/.test(text)) return { timestamp: Number(text) }
  // Without a zone `Date` takes local time, and lines have times in UTC.
  const timestamp = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(/T.*(Z|[+-]\d\d:?\d\d)$|^[^T]*$/.test(text) ? text : `${text}Z`) : Number.NaN
  if (!Number.isNaN(timestamp)) return { timestamp }
  const problem = `--from is earliest, latest or a time such as 2026-01-02T03:04:05Z, not "${text}".${didYouMean(text, ['earliest', 'latest'])}`
  throw usageError(problem, 'tail')
}

function usageError(problem: string, command: string): MalstromError {
  return new MalstromError('ERR_CLI_USAGE', `${problem} See malstrom ${command} --help.`)
}
