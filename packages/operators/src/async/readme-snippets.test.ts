import { type Flow, forEach, fromIterable } from '@malstrom/operators'
import { inBothForms } from '@malstrom/testing'
import { expect } from 'vitest'

const ordered = [
  { id: 'o1', customer: 7, cents: 500 },
  { id: 'o2', customer: 8, cents: 20_000 },
]

async function customerOf(id: number, signal: AbortSignal): Promise<{ readonly name: string }> {
  signal.throwIfAborted()
  return { name: `customer ${id}` }
}

function build(flow: Flow, say: (line: string) => void): void {
  // #region async
  const orders = flow
    .source('orders', fromIterable(ordered))
    .mapAsync('customer', async (order, _timestamp, { signal }) => ({ ...order, customer: await customerOf(order.customer, signal) }), {
      capacity: 50,
      timeoutMs: 5_000,
      retries: { attempts: 4, backOffMs: 100 },
    })
  // #endregion
  const changes = fromIterable([{ rule: 'dear', least: 10_000 }])
  // #region broadcast
  const rules = flow.source('rules', changes)
  orders
    .broadcast('apply-rules', rules, {
      init: () => new Map<string, number>(),
      onControl: (known, { rule, least }) => known.set(rule, least),
      onData: (known, order) => ({ order, met: [...known].filter(([, least]) => order.cents >= least).map(([rule]) => rule) }),
    })
    .sink(
      'treated',
      forEach(({ order, met }) => say(`${order.id} of ${order.customer.name}: ${met.join(', ') || 'no rule'}`)),
    )
  // #endregion
}

inBothForms('the records of the README are looked up, and treated by the rules', async (collect) => {
  const lines: string[] = []
  await collect((flow) => build(flow, (line) => void lines.push(line)))
  expect(lines).toHaveLength(2)
  expect(lines[0]).toBe('o1 of customer 7: no rule')
  // Which of two records of different streams comes first is not determined.
  expect(lines[1]).toMatch(/^o2 of customer 8: (dear|no rule)$/)
})

const visits = [{ address: 'Main Street 1' }, { address: 'Nowhere 2' }]

async function placeOf(address: string, signal: AbortSignal): Promise<string> {
  signal.throwIfAborted()
  if (address.startsWith('Nowhere')) throw new Error('no such street')
  return `${address} found`
}

function buildWithDeadLetters(flow: Flow, say: (line: string) => void): void {
  // #region dead letters
  const { results: located, deadLetters: unreachable } = flow
    .source('visits', fromIterable(visits))
    .mapAsync('place', ({ address }, _timestamp, { signal }) => placeOf(address, signal), {
      onError: 'deadLetter',
      timeoutMs: 2_000,
      retries: { attempts: 3, backOffMs: 50 },
    })
  located.sink('located', forEach(say))
  unreachable.map('why', ({ value, cause }) => `${value.address}: ${cause.message}`).sink('unreachable', forEach(say))
  // #endregion
}

inBothForms('the calls of the README that fail become dead letters', async (collect) => {
  const lines: string[] = []
  await collect((flow) => buildWithDeadLetters(flow, (line) => void lines.push(line)))
  expect(lines.toSorted()).toEqual(['Main Street 1 found', 'Nowhere 2: no such street'])
})
