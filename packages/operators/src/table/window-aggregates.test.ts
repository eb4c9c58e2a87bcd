import { fromIterable, session, sliding, tumbling } from '@malstrom/operators'
import { inBothForms } from '@malstrom/testing'
import fc from 'fast-check'
import { describe, expect } from 'vitest'

interface Item {
  readonly n: number
  readonly at: number
  readonly name: number
}

// Every timestamp once: the order of records within slices and sessions is then that of time, as a naive look has it.
const items = fc
  .array(fc.record({ n: fc.integer({ min: -4, max: 4 }), gap: fc.integer({ min: 1, max: 12 }) }), { minLength: 1, maxLength: 25 })
  .map((list) => {
    let at = 0
    return list.map(({ n, gap }, name): Item => {
      at += gap
      return { n, at, name }
    })
  })

const kinds = [tumbling(10), sliding({ size: 12, slide: 4 }), session({ gap: 5 })] as const

describe('aggregates of windows', () => {
  inBothForms('equal those of all values of the window', async (collect) => {
    await fc.assert(
      fc.asyncProperty(items, fc.integer({ min: 0, max: 2 }), fc.integer({ min: 1, max: 3 }), async (list, kind, n) => {
        const { values, ...out } = await collect((flow) => {
          const windows = flow
            .source('in', fromIterable(list))
            .keyDistribute('key', ({ name }) => name % 2)
            .assignTimestamps('at', ({ at }) => at)
            .generateEpochs('epochs', (_item, at) => at)
            .onTime.window(kinds[kind] as (typeof kinds)[0])
          return {
            values: windows.process('values', (values) => values),
            count: windows.count('count'),
            sum: windows.sum('sum', (item) => item.n),
            average: windows.average('average', (item) => BigInt(item.n)),
            min: windows.min('min', (item) => item.n),
            max: windows.max('max', (item) => new Date(item.n)),
            distinct: windows.distinct('distinct', (item) => item.n),
            first: windows.topN('first', n, (item) => item.n),
            all: windows.topN('all', n, (item) => item.n, { ties: 'all' }),
          }
        })
        const expected = (f: (items: readonly Item[]) => unknown) =>
          values.records.map(({ key, value, timestamp }) => ({ key, value: f(value as readonly Item[]), timestamp }))
        const ns = (group: readonly Item[]) => group.map((item) => item.n)
        const sum = (group: readonly Item[]) => ns(group).reduce((a, b) => a + b, 0)
        const sorted = (group: readonly Item[]) => [...group].sort((a, b) => b.n - a.n || a.at - b.at)
        expect(values.records.length).toBeGreaterThan(0)
        expect(out.count.records).toEqual(expected((group) => group.length))
        expect(out.sum.records).toEqual(expected(sum))
        expect(out.average.records).toEqual(expected((group) => sum(group) / group.length))
        expect(out.min.records).toEqual(expected((group) => Math.min(...ns(group))))
        expect(out.max.records).toEqual(expected((group) => new Date(Math.max(...ns(group)))))
        expect(out.distinct.records).toEqual(
          expected((group) => group.filter((item) => group.find((other) => other.n === item.n) === item)),
        )
        expect(out.first.records).toEqual(expected((group) => sorted(group).slice(0, n)))
        const inTop = (group: readonly Item[]) => (item: Item) => group.filter((other) => other.n > item.n).length < n
        expect(out.all.records).toEqual(expected((group) => sorted(group).filter(inTop(group))))
      }),
      { numRuns: 30 },
    )
  })
})
