import { pathToFileURL } from 'node:url'
import { checkOptionNames, MalstromError } from '@malstrom/core'

export interface SlateDbOptions {
  /**
   * Where the databases are, one below it for each scope: `file:///var/lib/job`, `s3://bucket/prefix`, or another address that SlateDB
   * knows (`gs://`, `az://`).
   */
  readonly url: string | URL
  /**
   * How to get there, beyond what the environment of this process says: AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
   * AWS_ENDPOINT, AWS_ALLOW_HTTP and the like.
   */
  readonly environment?: Readonly<Record<string, string>>
  /** How long a write waits for others to go with it. @default 5 */
  readonly flushIntervalMs?: number
  /** How often a reader looks for what another process has replaced. @default 1_000 */
  readonly refreshIntervalMs?: number
  /** How long a call may take; large objects get 1 s more for each MB. @default 30_000 */
  readonly callTimeoutMs?: number
}

export interface SlateDbSettings {
  readonly url: string
  /** For messages; without credentials. */
  readonly name: string
  readonly flushIntervalMs: number
  readonly refreshIntervalMs: number
  readonly callTimeoutMs: number
  readonly environment: Readonly<Record<string, string>>
}

const optionNames: readonly (keyof SlateDbOptions)[] = ['url', 'environment', 'flushIntervalMs', 'refreshIntervalMs', 'callTimeoutMs']

/** @throws MalstromError `ERR_OPERATOR_ARGUMENT` */
export function settingsOf(options: SlateDbOptions): SlateDbSettings {
  checkOptionNames('slateDbPersistence', options, optionNames)
  const { flushIntervalMs = 5, refreshIntervalMs = 1_000, callTimeoutMs = 30_000, environment = {} } = options
  const check = (holds: boolean, what: string) => {
    if (!holds) throw new MalstromError('ERR_OPERATOR_ARGUMENT', `slateDbPersistence needs ${what}.`)
  }
  const text = String(options.url)
  check(URL.canParse(text), `a url such as ${pathToFileURL('/var/lib/job').href} or s3://bucket/prefix, not ${JSON.stringify(options.url)}`)
  const url = new URL(text)
  check(url.username === '' && url.password === '', 'a url without credentials; they belong into the environment')
  const numbers = { flushIntervalMs, refreshIntervalMs, callTimeoutMs }
  for (const [name, value] of Object.entries(numbers))
    check(Number.isInteger(value) && value > 0, `a ${name} that is a whole number above 0`)
  return { url: url.href, name: url.href, environment, ...numbers }
}
