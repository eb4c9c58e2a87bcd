import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { csvFile, toNdjsonFile } from '@malstrom/connector-file'
import { defineJob } from '@malstrom/operators'
import { singleThread } from '@malstrom/runtime'
import { expect, it, vi } from 'vitest'
import { PATIENCE_MS, pathsIn } from './fixture/outcome.ts'
import { TemporaryFolder } from './fixture/temporary-folder.ts'
import { slateDbPersistence } from './slatedb-persistence.ts'

vi.setConfig({ testTimeout: PATIENCE_MS })

interface Params {
  /** For example `file:///var/lib/balances`. */
  readonly location: string
  readonly paid: string
  readonly balances: string
}

const job = defineJob({
  name: 'balances',
  module: import.meta.url,
  persistence: ({ location }: Params) => slateDbPersistence({ url: location }),
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

it('the example of the README keeps its state in SlateDB', async () => {
  using folder = new TemporaryFolder()
  const paid = join(folder.path, 'paid.csv')
  const balances = join(folder.path, 'balances.ndjson')
  const location = `${folder.url}/state`
  writeFileSync(paid, 'ann,1\nbob,10\nann,2\n')
  await singleThread().run(job, { location, paid, balances })
  expect(readFileSync(balances, 'utf8')).toBe('{"account":"ann","sum":1}\n{"account":"bob","sum":10}\n{"account":"ann","sum":3}\n')
  const backend = slateDbPersistence({ url: location })
  expect(await pathsIn((await backend.read('manifest')).list(''))).toContain('head.json')
  await backend.close()
})
