import { readFileSync } from 'node:fs'
// #region example
import { csvFile, toNdjsonFile } from '@malstrom/connector-file'
import { defineJob } from '@malstrom/operators'
import { singleThread } from '@malstrom/runtime'
import { expect, it, vi } from 'vitest'
import { PATIENCE_MS } from './fixture/property-settings.ts'
import { TemporaryFolder } from './fixture/temporary-folder.ts'

const job = defineJob({
  name: 'totals',
  module: import.meta.url,
  build(flow, { orders, totals }: { orders: string; totals: string }) {
    flow
      .source('orders', csvFile(orders, { header: ['customer', 'amount'] }))
      .keyLocal('by-customer', (order) => order.customer)
      .fold(
        'total',
        () => 0,
        (total, order) => total + Number(order.amount),
      )
      .map('named', (total, customer) => ({ customer, total }))
      .sink('totals', toNdjsonFile(totals))
  },
})

const run = (orders: string, totals: string) => singleThread().run(job, { orders, totals })
// #endregion

vi.setConfig({ testTimeout: PATIENCE_MS })

it('the README shows the example as it runs here', async () => {
  using folder = new TemporaryFolder()
  const totals = folder.file('totals.ndjson')
  await run(folder.file('orders.csv', 'ann,1\nbob,10\nann,2\n'), totals)
  expect(readFileSync(totals, 'utf8')).toBe('{"customer":"ann","total":1}\n{"customer":"bob","total":10}\n{"customer":"ann","total":3}\n')

  const [, example] = readFileSync(new URL(import.meta.url), 'utf8').split(/^\/\/ #(?:region.*|endregion)\n/m)
  expect(readFileSync(new URL('../README.md', import.meta.url), 'utf8')).toContain(`\`\`\`ts\n${example}\`\`\`\n`)
})
