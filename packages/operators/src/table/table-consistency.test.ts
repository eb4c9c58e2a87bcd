import { type Change, defineJob, type Flow, fromIterable, type Table } from '@malstrom/operators'
import { inBothForms, testJob, testSink, testSource } from '@malstrom/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Item, items, parity, rowsAt } from './fixture/table-oracle.ts'

const transfer = fc.record({
  from: fc.integer({ min: 0, max: 5 }),
  to: fc.integer({ min: 0, max: 5 }),
  amount: fc.integer({ min: 1, max: 100 }),
  at: fc.integer({ min: 0, max: 50 }),
  epoch: fc.option(fc.integer({ min: 0, max: 45 }), { nil: undefined, freq: 3 }),
})
type Transfer = {
  readonly from: number
  readonly to: number
  readonly amount: number
  readonly at: number
  readonly epoch: number | undefined
}

/** Balances of accounts as a table, and the total over them. Jamie Brandon, "Internal consistency in streaming systems", 2021. */
function balances(
  flow: Flow,
  transfers: readonly Transfer[],
): { balances: Table<number, number, number>; total: Table<string, number, number> } {
  const { onTime, late } = flow
    .source('transfers', fromIterable(transfers))
    .assignTimestamps('at', ({ at }) => at)
    .generateEpochs('epochs', ({ epoch }) => epoch)
  late.discard('late')
  const accounts = onTime
    .flatMap('postings', ({ from, to, amount }) => [
      { account: from, amount: -amount },
      { account: to, amount },
    ])
    .keyDistribute('account', ({ account }) => account)
    .rows('postings of accounts')
    .sum('balance', ({ amount }) => amount)
  return { balances: accounts, total: accounts.groupBy('together', () => 'total').sum('total', (balance) => balance) }
}

describe('internal consistency', () => {
  inBothForms('the total of all balances is 0 in every output, though each transfer is two records', async (collect) => {
    await fc.assert(
      fc.asyncProperty(fc.array(transfer, { maxLength: 60 }), async (transfers) => {
        const { total, rows } = await collect((flow) => {
          const tables = balances(flow, transfers)
          return { total: tables.total.changes(), rows: tables.balances.changes() }
        })
        expect(total.values.filter((change) => (change as Change<number>).value !== 0)).toEqual([])
        // Also as anybody else would add up what has been told by an epoch.
        for (const { timestamp } of rows.records) {
          const sum = [...rowsAt(rows, timestamp as number).values()].flat().reduce((a: number, b) => a + (b as number), 0)
          expect(sum).toBe(0)
        }
      }),
      { numRuns: 60 },
    )
  })
})

describe('a table that is restored', () => {
  const build = (flow: Flow) => {
    const { onTime, late } = flow
      .source('in', fromIterable<Item>([]))
      .keyDistribute('by key', ({ key }) => key)
      .assignTimestamps('at', ({ at }) => at)
      .generateEpochs('epochs', ({ epoch }) => epoch)
    late.discard('late')
    const table = onTime
      .map('row', (item) => (item.n === undefined ? undefined : { owner: item.key, n: item.n }))
      .table('table', { ttl: 6 })
    const groups = table.groupBy('group', parity)
    const all = groups
      .sum('sum', ({ n }) => n)
      .changes()
      .map('sums', ({ value, diff }) => `sum ${value} ${diff}`)
      .union(
        groups
          .topN('top', 2, ({ n }) => n)
          .changes()
          .map('tops', ({ value, diff }) => `top ${value.owner} ${value.n} ${diff}`),
        groups
          .min('min', ({ n }) => n)
          .changes()
          .map('mins', ({ value, diff }) => `min ${value} ${diff}`),
        groups
          .count('count')
          .toUpserts('upserts')
          .map('counts', ({ value }) => `count ${value}`),
        onTime.topN('running', 2, ({ at }) => at).map('runnings', ({ value, diff }) => `running ${value.at} ${diff}`),
        onTime.average('average', ({ at }) => at, { ttl: 4 }).map('averages', (average) => `average ${average}`),
      )
    all.sink('out', { openPartition: () => expect.unreachable() })
  }
  const job = defineJob({ name: 'restored', module: import.meta.url, build })

  it('in the middle of anything tells the same as one that never failed', async () => {
    const unique = items.map((list) => list.map((item, index) => ({ ...item, key: index % 5 })))
    await fc.assert(
      fc.asyncProperty(unique, fc.nat(40), async (list, cut) => {
        const run = async (crashes: boolean) => {
          const source = testSource<Item>()
          const out = testSink<string, number>()
          await using test = await testJob(job, { sources: { in: source }, sinks: { out }, snapshotIntervalMs: Number.POSITIVE_INFINITY })
          for (const item of list.slice(0, cut)) source.push(item, 0)
          if (crashes) {
            await test.snapshot()
            test.crash()
            await test.start()
          } else await test.settle()
          for (const item of list.slice(cut)) source.push(item, 0)
          await test.finish()
          return out.committed.map(({ value, key, timestamp }) => `${key} ${timestamp} ${value}`).sort()
        }
        expect(await run(true)).toEqual(await run(false))
      }),
      { numRuns: 25 },
    )
  })
})
