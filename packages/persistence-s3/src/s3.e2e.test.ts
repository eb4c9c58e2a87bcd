import { randomUUID } from 'node:crypto'
import { objectStoreSuite } from '@malstrom/testing'
import { describe, it } from 'vitest'
import { s3Persistence } from './s3-persistence.ts'

// A real store: MALSTROM_S3_BUCKET names an existing bucket, MALSTROM_S3_ENDPOINT the address if it is not AWS; credentials as for the AWS SDK.
const { MALSTROM_S3_BUCKET: bucket, MALSTROM_S3_ENDPOINT: endpoint } = process.env

if (bucket === undefined) {
  describe('s3Persistence on a real store', () => {
    it.skip('skipped: MALSTROM_S3_BUCKET does not name a bucket', () => {})
  })
} else {
  let prefix = ''
  const there = () => s3Persistence({ bucket, prefix, ...(endpoint === undefined ? {} : { endpoint }) })
  objectStoreSuite('s3Persistence on a real store', {
    create() {
      prefix = `malstrom-test/${randomUUID()}`
      return there()
    },
    reopen: there,
    timeoutMs: 120_000,
  })
}
