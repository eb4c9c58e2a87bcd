/** Epochs say how far event time has advanced: each month is balanced once its end is known to have passed. */
import { dateTime, defineJob, fromIterable, toConsole } from 'malstrom'
import { MonthlyBalance, monthOf, type Transaction } from './monthly-balance.ts'

const transactions: readonly Transaction[] = [
  { amount: 1000, time: new Date('2025-01-01') },
  { amount: -20, time: new Date('2025-01-05') },
  { amount: -150, time: new Date('2025-01-17') },
  { amount: -300, time: new Date('2025-02-04') },
  { amount: 60, time: new Date('2025-02-16') },
  { amount: 75, time: new Date('2025-02-25') },
  { amount: -55, time: new Date('2025-03-16') },
  { amount: 200, time: new Date('2025-03-31') },
  { amount: -10, time: new Date('2025-04-05') },
  { amount: -5, time: new Date('2025-04-19') },
]

/** The last day of the month before the one of `time`. */
function endOfPreviousMonth(time: Date): Date {
  return new Date(Date.UTC(time.getUTCFullYear(), time.getUTCMonth(), 0))
}

export default defineJob({
  name: 'event-time',
  module: import.meta.url,
  build(flow) {
    const { onTime } = flow
      .source('iter-source', fromIterable(transactions))
      .keyDistribute('key-year-month', (transaction) => monthOf(transaction.time))
      .assignTimestamps('assign-time', (transaction) => transaction.time, dateTime)
      // Closes the previous month whenever a transaction of the next one comes. An epoch that is not after
      // the last one is ignored, so it is no matter that every transaction proposes one.
      .generateEpochs('end-of-month', (_transaction, time) => endOfPreviousMonth(time))

    // The end of the stream is an epoch as well, the largest there is: it closes April.
    onTime.statefulOp('transaction-counter', new MonthlyBalance()).sink('stdout', toConsole())
  },
})
