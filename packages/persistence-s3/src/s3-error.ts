import { MalstromError, messageOf, type Outcome } from '@malstrom/core'
import { DeadlineError } from './deadline.ts'
import type { S3Location } from './s3-options.ts'

/** What the AWS SDK and Node throw, as far as it matters here. */
interface Thrown {
  readonly name?: string
  readonly code?: string
  readonly $metadata?: { readonly httpStatusCode?: number; readonly attempts?: number; readonly requestId?: string }
}

/**
 * `conflict`: the condition of a write does not hold. `missing`: there is no such object. `busy`: nothing happened, and it may be tried
 * again. `unknown`: it may have happened. `refused`: nothing happened, and trying again does not help.
 */
export type Failure = 'conflict' | 'missing' | 'busy' | 'unknown' | 'refused'

const notConnected = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']

export function failureOf(error: unknown): Failure {
  if (error instanceof MalstromError) return 'refused'
  const { status, what } = detailsOf(error)
  if (status === 412) return 'conflict'
  if (what === 'ConditionalRequestConflict' || status === 429 || notConnected.includes(what)) return 'busy'
  if (status === 404 && what !== 'NoSuchBucket' && what !== 'NoSuchUpload') return 'missing'
  if (what === 'RequestTimeout' || status === 408) return 'unknown'
  if (status !== undefined && status >= 300 && status < 500) return 'refused'
  return isConfiguration(error, what) ? 'refused' : 'unknown'
}

/** Whether the SDK, or a client that was passed in, has sent the request more than once. */
export function wasRepeated(error: unknown): boolean {
  return ((error as Thrown).$metadata?.attempts ?? 1) > 1
}

/** What went wrong, where, and what to do. Holds nothing of the request: no credentials, no signature. */
export function storeError(location: S3Location, task: string, error: unknown, outcome: Outcome): MalstromError {
  if (error instanceof MalstromError) return error
  const { status, what } = detailsOf(error)
  const advice = adviceOf(what, status) ?? (error instanceof DeadlineError ? slow(location) : genericAdvice(error, what))
  const shown = status === undefined ? what : `${what}, HTTP ${status}`
  return new MalstromError('ERR_STORE', `The state in ${location.name} cannot be used (${shown}, while trying to ${task}). ${advice}`, {
    cause: withoutRequest(error, what),
    context: { path: location.name },
    outcome,
  })
}

function detailsOf(error: unknown): { readonly what: string; readonly status: number | undefined } {
  const { name, code, $metadata } = error as Thrown
  const status = $metadata?.httpStatusCode
  const known = name === undefined || name === 'Error' || name === 'AggregateError' ? undefined : name
  return { what: code ?? known ?? 'error', status }
}

/** The SDK gave up before it sent anything. */
function isConfiguration(error: unknown, what: string): boolean {
  return what === 'CredentialsProviderError' || what === 'TokenProviderError' || /^Region (is missing|not accepted)/.test(messageOf(error))
}

const reachable = 'The endpoint cannot be reached. Check the endpoint, the region and the network.'
const wrongCredentials = 'The credentials are wrong. Check access key, secret key and session token.'
const otherRegion = 'The bucket is in another region. Set `region` to that of the bucket.'

const adviceFor: Readonly<Record<string, string>> = {
  NoSuchBucket: 'The bucket does not exist. Create it, or correct the name, the region or the endpoint.',
  InvalidAccessKeyId: wrongCredentials,
  SignatureDoesNotMatch: wrongCredentials,
  InvalidToken: wrongCredentials,
  ExpiredToken: 'The credentials have expired. Get new ones, or let the AWS SDK find some that renew themselves.',
  CredentialsProviderError: 'There are no credentials. Pass `credentials`, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.',
  TokenProviderError: 'The login of the AWS profile has expired. Log in again (aws sso login).',
  AccessDenied:
    'The credentials may not do this. Allow s3:ListBucket, s3:GetObject, s3:PutObject, s3:DeleteObject, s3:AbortMultipartUpload.',
  PermanentRedirect: otherRegion,
  AuthorizationHeaderMalformed: otherRegion,
  IllegalLocationConstraintException: otherRegion,
  RequestTimeTooSkewed: 'The clock of this machine is wrong. Set it.',
  NotImplemented: 'The store does not know a request that is needed. Use one that has conditional writes, such as S3, MinIO, R2 or Ceph.',
  SlowDown: 'The store has too much to do. Take fewer snapshots, or use a prefix of its own for each job.',
  ECONNRESET: 'The connection broke. Check the network and the endpoint.',
  EPIPE: 'The connection broke. Check the network and the endpoint.',
}

function adviceOf(what: string, status: number | undefined): string | undefined {
  const known = notConnected.includes(what) ? reachable : adviceFor[what]
  if (known !== undefined) return known
  if (status === 301) return otherRegion
  if (status === 403) return adviceFor.AccessDenied
  if (status === 429 || status === 503) return adviceFor.SlowDown
  if (status === 404) return 'At this address there is no S3. Correct the endpoint or the bucket.'
  return status !== undefined && status >= 500 ? 'The store failed. Look at its state, and try again later.' : undefined
}

function slow({ requestTimeoutMs }: S3Location): string {
  return `It did not answer within ${requestTimeoutMs} ms. Check the endpoint and the network, or raise requestTimeoutMs.`
}

function genericAdvice(error: unknown, what: string): string {
  if (/^Region (is missing|not accepted)/.test(messageOf(error))) return 'There is no region. Set `region`, or AWS_REGION.'
  return what === 'error' ? `${messageOf(error)}.` : 'The cause tells more.'
}

/** The SDK's errors refer to the request, with its signature; what is passed on does not. */
function withoutRequest(error: unknown, what: string): Error {
  const requestId = (error as Thrown).$metadata?.requestId
  const cause = new Error(`${messageOf(error)}${requestId === undefined ? '' : ` (request ${requestId})`}`)
  cause.name = what
  return cause
}
