import { fromIterable } from '@malstrom/operators'
import { errorOf, inBothForms } from '@malstrom/testing'
import { describe, expect } from 'vitest'

const numbers = Array.from({ length: 7 }, (_, n) => n)

describe('split', () => {
  inBothForms('sends a record to one branch, to several, or to none', async (collect) => {
    const { small, even, all } = await collect((flow) =>
      flow.source('n', fromIterable(numbers)).split('route', ['small', 'even', 'all'], (n) => {
        if (n === 6) return []
        if (n === 5) return 'all'
        return n % 2 === 0 ? (['even', 'all', 'small'] as const) : ['all', 'small']
      }),
    )
    expect(small.values).toEqual([0, 1, 2, 3, 4])
    expect(even.values).toEqual([0, 2, 4])
    expect(all.values).toEqual([0, 1, 2, 3, 4, 5])
  })

  inBothForms('sends a record once to a branch that is named twice', async (collect) => {
    const { a } = await collect((flow) => flow.source('n', fromIterable([1])).split('route', ['a'], () => ['a', 'a']))
    expect(a.values).toEqual([1])
  })

  inBothForms('sends every epoch to every branch, also to one that gets no records', async (collect) => {
    const { some, none } = await collect((flow) =>
      flow
        .source('n', fromIterable([1, 2]))
        .generateEpochs('each', (_value, timestamp) => timestamp)
        .onTime.split('route', ['some', 'none'], () => 'some'),
    )
    expect(some.events).toEqual([1, 'E0', 2, 'E1', 'EInfinity'])
    expect(none.events).toEqual(['E0', 'E1', 'EInfinity'])
  })

  inBothForms('keeps keys, and routes by them', async (collect) => {
    const { odd, even } = await collect((flow) =>
      flow
        .source('n', fromIterable([1, 2, 3]))
        .keyLocal('parity', (n) => n % 2)
        .split('route', ['even', 'odd'], (_value, key, timestamp) => (key === 1 && timestamp >= 0 ? 'odd' : 'even')),
    )
    expect(odd.records.map(({ key, value }) => [key, value])).toEqual([
      [1, 1],
      [1, 3],
    ])
    expect(even.values).toEqual([2])
  })

  inBothForms('has up to thirty branches', async (collect) => {
    const branches = Array.from({ length: 30 }, (_, index) => `branch ${index}`)
    const outputs = await collect((flow) =>
      flow.source('n', fromIterable([0, 29, 30])).split('route', branches, (n) => (n === 30 ? branches : `branch ${n}`)),
    )
    const seen = outputs as unknown as Record<string, { values: unknown[] }>
    expect(branches.map((branch) => seen[branch]?.values)).toEqual(
      branches.map((_, index) => (index === 0 ? [0, 30] : index === 29 ? [29, 30] : [30])),
    )
  })

  inBothForms('fails at a branch that it does not have', async (collect) => {
    const error = await errorOf(collect((flow) => flow.source('n', fromIterable([1])).split('route', ['a', 'b'], () => 'c' as 'a')))
    expect(error).toMatchObject({ code: 'ERR_OPERATOR_ARGUMENT', context: { operator: 'route', timestamp: 0 } })
    expect(error.message).toMatch(/no branch "c"; its branches are a, b/)
  })

  inBothForms('fails at an answer that names no branches at all', async (collect) => {
    const error = await errorOf(
      collect((flow) => flow.source('n', fromIterable([1])).split('route', ['a'], () => undefined as unknown as 'a')),
    )
    expect(error).toMatchObject({ code: 'ERR_OPERATOR_ARGUMENT', context: { operator: 'route' } })
  })
})
