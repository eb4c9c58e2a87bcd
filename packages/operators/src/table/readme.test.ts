import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Flow, fromIterable, limitOutOfOrderness } from '@malstrom/operators'
import { inBothForms } from '@malstrom/testing'
import { expect, it } from 'vitest'

interface Transfer {
  readonly from: string
  readonly to: string
  readonly cents: number
}

const list: readonly Transfer[] = [
  { from: 'ann', to: 'bob', cents: 5 },
  { from: 'bob', to: 'cem', cents: 3 },
  { from: 'ann', to: 'cem', cents: 2 },
]

function accounts(flow: Flow) {
  const { onTime: transfers, late } = flow.source('transfers', fromIterable(list)).generateEpochs('epochs', limitOutOfOrderness(0))
  late.discard('late')
  const postings = transfers
    .flatMap('postings', ({ from, to, cents }) => [
      { account: from, cents: -cents },
      { account: to, cents },
    ])
    .keyDistribute('account', ({ account }) => account)

  const balances = postings.rows('rows').sum('balance', ({ cents }) => cents)
  const total = balances.groupBy('together', () => 'all').sum('total', (balance) => balance)
  const upserts = balances.toUpserts('upserts') // { key: 'ann', value: -5 } and so on

  return { total: total.changes(), upserts }
}

function running(flow: Flow) {
  const bids = flow.source('bids', fromIterable([5, 7, 5, 9])).keyDistribute('auction', (price) => price % 2)

  const counts = bids.count('count', { ttl: { hours: 1 } })
  const highest = bids.max('highest', (price) => price)
  const unseen = bids.distinct('new', { by: (price) => price, ttl: { minutes: 10 } })
  const top = bids.topN('top', 2, (price) => price) // { value: 9, diff: 1 } behind { value: 5, diff: -1 }

  return { counts, highest, unseen, top }
}

inBothForms('the tables of the README add up', async (collect) => {
  const { total, upserts } = await collect((flow) => accounts(flow))
  expect(total.values).toEqual([{ value: 0, diff: 1 }])
  expect(upserts.records.map(({ value, timestamp }) => [timestamp, value])).toEqual([
    [0, { key: 'ann', value: -5 }],
    [0, { key: 'bob', value: 5 }],
    [1, { key: 'bob', value: 2 }],
    [1, { key: 'cem', value: 3 }],
    [2, { key: 'ann', value: -7 }],
    [2, { key: 'cem', value: 5 }],
  ])
})

inBothForms('the running aggregates of the README tell of each record', async (collect) => {
  const { counts, highest, unseen, top } = await collect((flow) => running(flow))
  expect(counts.values).toEqual([1, 2, 3, 4])
  expect(highest.values).toEqual([5, 7, 7, 9])
  expect(unseen.values).toEqual([5, 7, 9])
  expect(top.values).toEqual([
    { value: 5, diff: 1 },
    { value: 7, diff: 1 },
    { value: 5, diff: -1 },
    { value: 9, diff: 1 },
  ])
})

it('the snippets about tables are the code above', () => {
  const flat = (text: string) => text.replace(/^\s+/gm, '').replaceAll('\n\n', '\n')
  const readme = readFileSync(fileURLToPath(new URL('../../README.md', import.meta.url)), 'utf8')
  const section = readme.slice(readme.indexOf('\n## Tables')).split('\n## ')[1] ?? ''
  const snippets = [...section.matchAll(/^```ts\n([\s\S]*?)^```$/gm)]
  expect(snippets.length).toBe(2)
  const here = flat(readFileSync(fileURLToPath(import.meta.url), 'utf8'))
  for (const [, snippet] of snippets) expect(here).toContain(flat(snippet as string))
})
