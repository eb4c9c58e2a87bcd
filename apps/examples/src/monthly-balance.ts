import type { KeyedState, Output, StatefulLogic } from 'malstrom'

/** A made-up financial transaction. */
export interface Transaction {
  readonly amount: number
  readonly time: Date
}

/** The calendar month in which something happens; months are counted from 1. */
export type Month = readonly [year: number, month: number]

export function monthOf(time: Date): Month {
  return [time.getUTCFullYear(), time.getUTCMonth() + 1]
}

/** Sums the transactions of each month, and emits the balance when an epoch says that the month is over. */
export class MonthlyBalance implements StatefulLogic<Month, Transaction, number, Date, number> {
  init(): number {
    return 0
  }

  onData(transaction: Transaction, balance: number): number {
    return balance + transaction.amount
  }

  onEpoch(epoch: Date, balances: KeyedState<Month, number>, output: Output<number, Month, Date>): void {
    const closed = monthOf(epoch)
    for (const [month, balance] of balances) {
      if (isAfter(month, closed)) continue
      output.emit(balance, month, epoch)
      balances.delete(month)
    }
  }
}

function isAfter([year, month]: Month, [otherYear, otherMonth]: Month): boolean {
  return year === otherYear ? month > otherMonth : year > otherYear
}
