import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3'
import { checkOptionNames, MalstromError } from '@malstrom/core'
import { checkPath } from './path.ts'

export interface S3Options {
  readonly bucket: string
  /** The folder in the bucket, for example the name of the job. @default the bucket itself */
  readonly prefix?: string
  /** @default what the AWS SDK finds: `AWS_REGION`, then the shared configuration; with an endpoint `us-east-1` */
  readonly region?: string
  /** The address of a store other than AWS, for example `http://127.0.0.1:9000`. */
  readonly endpoint?: string
  /** Whether the bucket is in the path of the address and not in its host name. @default true with an endpoint, otherwise false */
  readonly forcePathStyle?: boolean
  /** @default what the AWS SDK finds: environment, shared configuration, the role of the machine */
  readonly credentials?: NonNullable<S3ClientConfig['credentials']>
  /** A client of your own instead of region, endpoint, forcePathStyle and credentials. It is not closed with the backend. */
  readonly client?: S3Client
  /** How long one request may take; large ones get 1 s more for each MB. @default 30_000 */
  readonly requestTimeoutMs?: number
  /** How often a request is tried that may be tried again. @default 5 */
  readonly attemptsMax?: number
  /** Larger objects are uploaded in parts of this size; 5 MiB is the least S3 takes. @default 8 MiB */
  readonly partBytes?: number
}

const optionNames: readonly (keyof S3Options)[] = [
  'bucket',
  'prefix',
  'region',
  'endpoint',
  'forcePathStyle',
  'credentials',
  'client',
  'requestTimeoutMs',
  'attemptsMax',
  'partBytes',
]

const MIB = 1 << 20

/** What S3 takes as a part. */
const PART_BYTES_MIN = 5 * MIB

/** Where the objects are, and the limits of every request. */
export interface S3Location {
  readonly bucket: string
  /** Empty, or ends with `/`. */
  readonly folder: string
  /** For messages; without credentials. */
  readonly name: string
  readonly requestTimeoutMs: number
  readonly attemptsMax: number
  readonly partBytes: number
}

/** @throws MalstromError `ERR_OPERATOR_ARGUMENT` */
export function locationOf(options: S3Options): S3Location {
  checkOptionNames('s3Persistence', options, optionNames)
  const { bucket, prefix = '', endpoint, requestTimeoutMs = 30_000, attemptsMax = 5, partBytes = 8 * MIB } = options
  const check = (holds: boolean, what: string) => {
    if (!holds) throw new MalstromError('ERR_OPERATOR_ARGUMENT', `s3Persistence needs ${what}.`)
  }
  check(typeof bucket === 'string' && /^[a-zA-Z0-9._-]+$/.test(bucket), 'the name of a bucket')
  check(endpoint === undefined || URL.canParse(endpoint), 'an endpoint that is an address, such as http://127.0.0.1:9000')
  check(Number.isFinite(requestTimeoutMs) && requestTimeoutMs > 0, 'a requestTimeoutMs above 0')
  check(Number.isInteger(attemptsMax) && attemptsMax > 0, 'an attemptsMax of at least 1')
  check(Number.isInteger(partBytes) && partBytes >= PART_BYTES_MIN, `partBytes of at least ${PART_BYTES_MIN}`)
  if (options.client !== undefined) {
    const second = (['region', 'endpoint', 'forcePathStyle', 'credentials'] as const).find((name) => options[name] !== undefined)
    check(second === undefined, `either a client or ${second}, not both`)
  }
  const trimmed = prefix.replace(/^\/+|\/+$/g, '')
  if (trimmed !== '') checkPath(trimmed)
  const folder = trimmed === '' ? '' : `${trimmed}/`
  const host = endpoint === undefined ? '' : ` at ${new URL(endpoint).host}`
  return { bucket, folder, name: `s3://${bucket}/${trimmed}${host}`, requestTimeoutMs, attemptsMax, partBytes }
}
