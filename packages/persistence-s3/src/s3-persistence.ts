import { S3Client } from '@aws-sdk/client-s3'
import type { PersistenceBackend } from '@malstrom/core'
import { checkScope } from './path.ts'
import { probeConditions } from './probe.ts'
import { locationOf, type S3Options } from './s3-options.ts'
import { S3Requests } from './s3-requests.ts'
import { S3Store } from './s3-store.ts'

/**
 * Keeps state in Amazon S3, or in a store that speaks its language and has conditional writes: the first `open` writes an object
 * under conditions, and refuses a store that ignores them. Any number of machines may use the bucket; a later start of a job takes
 * over from an earlier one.
 *
 *     s3://<bucket>/<prefix>/<scope>/<path>      the content and 16 bytes: a random token, and a mark
 *
 * Every request has a deadline and a number of attempts. Objects that are replaced keep no history; deleted ones are gone, unless
 * the bucket has versions.
 */
export function s3Persistence(options: S3Options): PersistenceBackend {
  const location = locationOf(options)
  const client = options.client ?? new S3Client(configurationOf(options))
  const requests = new S3Requests(client, location)
  let probe: Promise<void> | undefined
  const probeOnce = () => {
    probe ??= probeConditions(requests).catch((error: unknown) => {
      probe = undefined
      throw error
    })
    return probe
  }
  return {
    async open(scope) {
      checkScope(scope)
      await probeOnce()
      return new S3Store(requests, scope)
    },
    async read(scope) {
      checkScope(scope)
      return new S3Store(requests, scope)
    },
    async close() {
      if (options.client === undefined) client.destroy()
    },
  }
}

function configurationOf({
  region,
  endpoint,
  forcePathStyle,
  credentials,
}: S3Options): NonNullable<ConstructorParameters<typeof S3Client>[0]> {
  // Checksums beyond the necessary are new, and not every store that is not AWS takes them.
  const checksums = { requestChecksumCalculation: 'WHEN_REQUIRED', responseChecksumValidation: 'WHEN_REQUIRED' } as const
  const other = { endpoint, region: region ?? process.env.AWS_REGION ?? 'us-east-1', forcePathStyle: forcePathStyle ?? true, ...checksums }
  const aws = { ...(region === undefined ? {} : { region }), ...(forcePathStyle === undefined ? {} : { forcePathStyle }) }
  return {
    ...(endpoint === undefined ? aws : { ...other, endpoint }),
    ...(credentials === undefined ? {} : { credentials }),
    // Repeating is decided here: a write that is repeated blindly cannot tell its own success from a conflict.
    maxAttempts: 1,
  }
}
