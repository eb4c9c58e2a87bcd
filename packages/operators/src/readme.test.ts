import { type Flow, forEach, fromIterable } from '@malstrom/operators'
import { inBothForms } from '@malstrom/testing'
import { expect } from 'vitest'
import { z } from 'zod'

const incoming: readonly unknown[] = [
  { account: 'a', cents: 5 },
  { account: 'b', cents: '7' },
  { account: 'a', cents: 1_000_001 },
  { account: 'a', cents: 2 },
]

function build(flow: Flow, say: (line: string) => void): void {
  // #region dead letters
  const payment = z.object({ account: z.string(), cents: z.number().int() })
  const { results: payments, deadLetters: malformed } = flow
    .source('incoming', fromIterable(incoming))
    .validate('payment', payment, { onError: 'deadLetter' })
  const { results: balances, deadLetters: refused } = payments
    .keyDistribute('by-account', ({ account }) => account)
    .fold('balance', () => 0, addPayment, { onError: 'deadLetter' })
  balances.map('line', (cents, account) => `${account}: ${cents}`).sink('balances', forEach(say))
  malformed.map('why', ({ cause }) => `malformed: ${cause.message}`).sink('malformed', forEach(say))
  refused.map('who', ({ key, value, cause }) => `refused: ${value.cents} of ${key}, ${cause.message}`).sink('refused', forEach(say))
  // #endregion
}

// #region add payment
function addPayment(balance: number, { cents }: { readonly cents: number }): number {
  if (cents > 1_000_000) throw new RangeError('that is too much')
  return balance + cents
}
// #endregion

inBothForms('the records of the README become balances and dead letters', async (collect) => {
  const lines: string[] = []
  await collect((flow) => build(flow, (line) => void lines.push(line)))
  expect(lines.sort()).toEqual([
    'a: 5',
    'a: 7',
    'malformed: cents: Invalid input: expected number, received string',
    'refused: 1000001 of a, that is too much',
  ])
})
