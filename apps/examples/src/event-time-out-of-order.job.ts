/** `limitOutOfOrderness` waits for late records: here epochs stay 62 days behind the transactions. */
import { dateTime, defineJob, fromIterable, limitOutOfOrderness, toConsole } from 'malstrom'
import { MonthlyBalance, monthOf, type Transaction } from './monthly-balance.ts'

const DAY_MS = 24 * 60 * 60 * 1_000

/** The transactions of the example `event-time`, now out of order. */
const transactions: readonly Transaction[] = [
  { amount: 1000, time: new Date('2025-01-01') },
  { amount: -20, time: new Date('2025-01-05') },
  { amount: -300, time: new Date('2025-02-04') },
  { amount: -150, time: new Date('2025-01-17') },
  { amount: 60, time: new Date('2025-02-16') },
  { amount: -55, time: new Date('2025-03-16') },
  { amount: 75, time: new Date('2025-02-25') },
  { amount: -10, time: new Date('2025-04-05') },
  { amount: 200, time: new Date('2025-03-31') },
  { amount: -5, time: new Date('2025-04-19') },
]

export default defineJob({
  name: 'event-time-out-of-order',
  module: import.meta.url,
  build(flow) {
    const { onTime } = flow
      .source('iter-source', fromIterable(transactions))
      .keyDistribute('key-year-month', (transaction) => monthOf(transaction.time))
      .assignTimestamps('assign-time', (transaction) => transaction.time, dateTime)
      .generateEpochs('end-of-month', limitOutOfOrderness(62 * DAY_MS))

    onTime.statefulOp('transaction-counter', new MonthlyBalance()).sink('stdout', toConsole())
  },
})
