import { testJob, testSink, testSource } from '@malstrom/testing'
import { expect, it } from 'vitest'
import orderTotals, { type Order } from './order-totals.ts'

it('adds up what each customer has spent, each order once, also if the process dies', async () => {
  const orders = testSource<Order>()
  const totals = testSink<number, string>()
  await using test = await testJob(orderTotals, { sources: { orders }, sinks: { totals } })

  orders.push({ customer: 'ada', amount: 5 }, 1)
  await test.snapshot()
  orders.push({ customer: 'ada', amount: 7 }, 2).push({ customer: 'bob', amount: 1 }, 3)
  await test.settle()
  expect(totals.records.map(({ key, value }) => `${key} ${value}`)).toEqual(['ada 5', 'ada 12', 'bob 1'])
  expect(totals.committed.map(({ key, value }) => `${key} ${value}`)).toEqual(['ada 5'])

  test.crash()
  await test.start()
  await test.finish()
  expect(totals.committed.map(({ key, value }) => `${key} ${value}`)).toEqual(['ada 5', 'ada 12', 'bob 1'])
  expect(await test.state('total', 'ada')).toBe(12)
})
