import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { csvFile, toNdjsonFile } from '@malstrom/connector-file'
import { defineJob } from '@malstrom/operators'
import { singleThread } from '@malstrom/runtime'
import { FakeS3 } from '@malstrom/services'
import { afterEach, expect, it, vi } from 'vitest'
import { credentials } from './fixture/connect.ts'
import { s3Persistence } from './s3-persistence.ts'

interface Params {
  /** The address of a store other than AWS. */
  readonly endpoint: string
  readonly paid: string
  readonly balances: string
}

const job = defineJob({
  name: 'balances',
  module: import.meta.url,
  persistence: ({ endpoint }: Params) => s3Persistence({ bucket: 'state', prefix: 'balances', endpoint }),
  build(flow, { paid, balances }: Params) {
    flow
      .source('paid', csvFile(paid, { header: ['account', 'amount'] }))
      .keyLocal('by-account', (payment) => payment.account)
      .fold(
        'balance',
        () => 0,
        (sum, payment) => sum + Number(payment.amount),
      )
      .map('named', (sum, account) => ({ account, sum }))
      .sink('balances', toNdjsonFile(balances, { overwrite: true }))
  },
})

const folder = mkdtempSync(join(tmpdir(), 'malstrom-s3-'))

afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})

it('the example of the README keeps its state in S3', async () => {
  await using server = await FakeS3.start({ buckets: ['state'] })
  vi.stubEnv('AWS_ACCESS_KEY_ID', credentials.accessKeyId)
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', credentials.secretAccessKey)
  const paid = join(folder, 'paid.csv')
  const balances = join(folder, 'balances.ndjson')
  writeFileSync(paid, 'ann,1\nbob,10\nann,2\n')
  await singleThread().run(job, { endpoint: server.endpoint, paid, balances })
  expect(readFileSync(balances, 'utf8')).toBe('{"account":"ann","sum":1}\n{"account":"bob","sum":10}\n{"account":"ann","sum":3}\n')
  expect([...server.bucket.objects.keys()]).toContain('balances/manifest/head.json')
})
