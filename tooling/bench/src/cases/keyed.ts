import { ChecksumSink, Steps } from '../pipeline.ts'
import type { BenchCase } from './bench-case.ts'
import { diceOf } from './values.ts'

interface Payment {
  readonly user: string
  readonly amount: number
}

class BalanceSink extends ChecksumSink {
  override write(balance: number): void {
    this.checksum += balance
  }
}

const steps = new Steps<Payment>()
  .map((payment) => ({ user: payment.user, amount: payment.amount * 2 }))
  .filter((payment) => payment.amount % 7 !== 0)
  .foldBy(
    (payment) => payment.user,
    0,
    (sum, payment) => sum + payment.amount,
  )
  .map((sum) => sum + 1).list

/** A running sum per user, for this many users in random order. */
export function keyed(name: string, users: number): BenchCase<Payment> {
  return {
    name,
    about: `a running sum per user, ${users.toLocaleString('en')} users`,
    records: 2_000_000,
    peerRecords: Math.max(100_000, 4 * users),
    rounds: 9,
    values(count) {
      const dice = diceOf(users)
      const names = Array.from({ length: users }, (_, i) => `user-${i}`)
      return Array.from({ length: count }, () => ({ user: names[dice(users)] as string, amount: dice(1_000) }))
    },
    steps,
    sink: () => new BalanceSink(),
    hand(payments) {
      const sums = new Map<string, number>()
      let checksum = 0
      for (let i = 0; i < payments.length; i++) {
        const payment = payments[i] as Payment
        const amount = payment.amount * 2
        if (amount % 7 === 0) continue
        const sum = (sums.get(payment.user) ?? 0) + amount
        sums.set(payment.user, sum)
        checksum += sum + 1
      }
      return checksum
    },
    otherHands: {
      // Half the look-ups: what one writes after the first profile.
      hand_with_cells(payments) {
        const cells = new Map<string, { sum: number }>()
        let checksum = 0
        for (let i = 0; i < payments.length; i++) {
          const payment = payments[i] as Payment
          const amount = payment.amount * 2
          if (amount % 7 === 0) continue
          let cell = cells.get(payment.user)
          if (cell === undefined) {
            cell = { sum: 0 }
            cells.set(payment.user, cell)
          }
          cell.sum += amount
          checksum += cell.sum + 1
        }
        return checksum
      },
    },
    handLast(payments) {
      const sums = new Map<string, number>()
      for (const { user, amount } of payments) {
        if ((amount * 2) % 7 !== 0) sums.set(user, (sums.get(user) ?? 0) + amount * 2)
      }
      let checksum = 0
      for (const sum of sums.values()) checksum += sum + 1
      return checksum
    },
  }
}
