import { type Change, defineJob, type Flow, fromIterable, type Upsert } from '@malstrom/operators'
import { errorOf, inBothForms, testJob, type Watched } from '@malstrom/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { grouped, type Item, items, keyed, parity, type Row, type Rows, rowsAt, sorted, tableAt } from './fixture/table-oracle.ts'
import { rowIdentity } from './row-identity.ts'

describe('tables', () => {
  inBothForms('equal a naive recomputation at every timestamp, whatever the order of records and the epochs', async (collect) => {
    await fc.assert(
      fc.asyncProperty(items, fc.integer({ min: 1, max: 3 }), async (list, n) => {
        const {
          input,
          status: _status,
          rows,
          ...out
        } = await collect((flow) => {
          const { onTime, late } = keyed(flow, list)
          late.discard('late')
          const table = onTime.map('row', (item) => (item.n === undefined ? undefined : { owner: item.key, n: item.n })).table('table')
          const groups = table.groupBy('group', parity)
          return {
            input: onTime,
            table: table.changes(),
            count: groups.count('count').changes(),
            sum: groups.sum('sum', (row) => row.n).changes(),
            average: groups.average('average', (row) => BigInt(row.n)).changes(),
            min: groups.min('min', (row) => row.n).changes(),
            max: groups.max('max', (row) => String(row.n)).changes(),
            distinct: groups
              .map('n', (row) => ({ n: row.n }))
              .distinct('distinct')
              .changes(),
            top: groups.topN('top', n, (row) => row.n, { ties: 'all' }).changes(),
            odd: table.filter('odd', (row) => parity(row) === 1).changes(),
            rows: onTime
              .filter('no deletions', (item) => item.n !== undefined)
              .rows('rows')
              .count('rows count')
              .changes(),
          }
        })
        const all = input.values as readonly Item[]
        const ns = (group: readonly Row[]) => group.map((row) => row.n)
        const sum = (group: readonly Row[]) => ns(group).reduce((a, b) => a + b, 0)
        const top = (group: readonly Row[]) => group.filter((row) => group.filter((other) => other.n > row.n).length < n)
        for (const at of new Set(all.map((item) => item.at))) {
          const now = tableAt(all, at)
          const check = (name: keyof typeof out, expected: Rows) =>
            expect(sorted(rowsAt(out[name], at)), `${name} at ${at}`).toEqual(sorted(expected))
          check('table', new Map(now.map((row) => [row.owner, [row]])))
          check('odd', new Map(now.filter((row) => parity(row) === 1).map((row) => [row.owner, [row]])))
          check(
            'count',
            grouped(now, (group) => [group.length]),
          )
          check(
            'sum',
            grouped(now, (group) => [sum(group)]),
          )
          check(
            'average',
            grouped(now, (group) => [sum(group) / group.length]),
          )
          check(
            'min',
            grouped(now, (group) => [Math.min(...ns(group))]),
          )
          check(
            'max',
            grouped(now, (group) => [ns(group).map(String).sort().at(-1)]),
          )
          check(
            'distinct',
            grouped(now, (group) => [...new Set(ns(group))].map((value) => ({ n: value }))),
          )
          check(
            'top',
            grouped(now, (group) => [...top(group)]),
          )
          const added = all.filter((item) => item.at <= at && item.n !== undefined)
          const counts = new Map(
            [...new Set(added.map(({ key }) => key))].map((key) => [key, [added.filter((item) => item.key === key).length]]),
          )
          expect(sorted(rowsAt(rows, at))).toEqual(sorted(counts))
        }
        // One consolidated change per key and timestamp: an old row at most, then a new one at most, and they differ.
        for (const name of ['table', 'count', 'sum', 'average', 'min', 'max'] as const) {
          const steps = new Map<string, Change<unknown>[]>()
          for (const { key, timestamp, value } of out[name].records) {
            const step = `${key} ${timestamp}`
            steps.set(step, [...(steps.get(step) ?? []), value as Change<unknown>])
          }
          for (const step of steps.values()) {
            expect(step.map(({ diff }) => diff).join()).toMatch(/^(1|-1|-1,1)$/)
            if (step.length === 2) expect(step[0]?.value).not.toEqual(step[1]?.value)
          }
        }
      }),
      { numRuns: 40 },
    )
  })

  inBothForms('tell of a timestamp before its epoch is passed on, and in the order of time', async (collect) => {
    await fc.assert(
      fc.asyncProperty(items, async (list) => {
        const { out } = await collect((flow) => {
          const { onTime, late } = keyed(flow, list)
          late.discard('late')
          const counts = onTime
            .rows('rows')
            .groupBy('one', () => 'all')
            .count('count')
          return { out: counts.changes().map('timestamp', (_change, _key, at) => at) }
        })
        let frontier = Number.NEGATIVE_INFINITY
        let last = Number.NEGATIVE_INFINITY
        for (const event of out.events) {
          if (typeof event === 'string') frontier = Number(event.slice(1))
          else {
            expect(event).toBeGreaterThan(frontier)
            expect(event).toBeGreaterThanOrEqual(last)
            last = event as number
          }
        }
      }),
      { numRuns: 30 },
    )
  })

  inBothForms('toUpserts tells the row that each key has, or undefined', async (collect) => {
    await fc.assert(
      fc.asyncProperty(items, async (list) => {
        const { input, out } = await collect((flow) => {
          const { onTime, late } = keyed(flow, list)
          late.discard('late')
          const rows = onTime.map('row', (item) => (item.n === undefined ? undefined : { owner: item.key, n: item.n })).table('table')
          return {
            input: onTime,
            out: rows
              .groupBy('group', parity)
              .sum('sum', ({ n }) => n)
              .toUpserts('upserts'),
          }
        })
        const all = input.values as readonly Item[]
        for (const at of new Set(all.map((item) => item.at))) {
          const state = new Map<unknown, unknown[]>()
          for (const { value, timestamp } of out.records) {
            const upsert = value as Upsert<number, number>
            if ((timestamp as number) > at) continue
            if (upsert.value === undefined) expect(state.delete(upsert.key)).toBe(true)
            else state.set(upsert.key, [upsert.value])
          }
          expect(sorted(state)).toEqual(sorted(grouped(tableAt(all, at), (group) => [group.reduce((sum, { n }) => sum + n, 0)])))
        }
        const steps = out.records.map(({ key, timestamp }) => `${key} ${timestamp}`)
        expect(new Set(steps).size).toBe(steps.length)
      }),
      { numRuns: 30 },
    )
  })

  inBothForms('a row goes ttl after it was written, at exactly that timestamp, unless it was written again', async (collect) => {
    const item = (at: number, n: number | undefined, epoch?: number) => ({ key: 0, n, at, epoch })
    const { out, sum, status } = await collect((flow) => {
      const { onTime, late } = keyed(flow, [
        item(4, 2),
        item(1, 1),
        item(11, 3),
        item(21, 4, 12),
        item(40, 5, 39),
        item(44, undefined),
        item(60, 6),
      ])
      late.discard('late')
      const table = onTime.map('n', ({ n }) => n).table('table', { ttl: 10 })
      return { out: table.changes(), sum: table.sum('sum', (n) => n).changes() }
    })
    const told = (watched: Watched) =>
      watched.records.map(({ value, timestamp }) => [timestamp, (value as Change<number>).diff, (value as Change<number>).value])
    // Written at 11 and again at 21, the very moment at which the row of 11 would go.
    const expected = [
      [1, 1, 1],
      [4, -1, 1],
      [4, 1, 2],
      [11, -1, 2],
      [11, 1, 3],
      [21, -1, 3],
      [21, 1, 4],
      [31, -1, 4],
      [40, 1, 5],
      [44, -1, 5],
      [60, 1, 6],
      [70, -1, 6],
    ]
    expect(told(out)).toEqual(expected)
    expect(told(sum)).toEqual(expected)
    for (const name of ['table', 'sum']) expect(status.operators.find(({ operator }) => operator === name)?.keys).toBe(0)
  })

  inBothForms('asTable reads changes: those of topN, added up', async (collect) => {
    const { out } = await collect((flow) => ({
      out: flow
        .source('n', fromIterable([5, 1, 7, 3, 9, 2]))
        .keyLocal('k', () => 'k')
        .topN('top', 2, (n) => n)
        .asTable()
        .sum('sum of the top', (n) => n)
        .changes(),
    }))
    expect(sorted(rowsAt(out, 2))).toEqual([['k', [12]]])
    expect(sorted(rowsAt(out, 5))).toEqual([['k', [16]]])
  })
})

describe('errors', () => {
  const failing = async (build: (flow: Flow) => void) => {
    const job = defineJob({ name: 'fails', module: import.meta.url, build })
    return errorOf(testJob(job).then((test) => test.finish()))
  }

  it('a row that is taken away without having been there is refused', async () => {
    const changes: Change<{ n: number }>[] = [
      { value: { n: 1 }, diff: 1 },
      { value: { n: 2 }, diff: -1 },
    ]
    const error = await failing((flow) =>
      flow
        .source('in', fromIterable(changes))
        .keyLocal('k', () => 'k')
        .asTable()
        .distinct('once')
        .changes()
        .discard('out'),
    )
    expect(error.message).toMatch(/once.*key k.*not in it/s)
  })

  it('upserts of a key with several rows are refused', async () => {
    const error = await failing((flow) =>
      flow
        .source('in', fromIterable([1, 2]))
        .keyLocal('k', () => 'k')
        .rows('rows')
        .toUpserts('upserts')
        .discard('out'),
    )
    expect(error.message).toMatch(/upserts.*several rows/s)
  })
})

describe('rowIdentity', () => {
  it('is the same for equal rows only', () => {
    const rows = [
      1,
      '1',
      1n,
      true,
      undefined,
      null,
      Number.NaN,
      'a',
      '"a',
      [],
      [1],
      ['1'],
      [1n],
      {},
      { a: 1 },
      { a: '1' },
      { a: undefined },
      { b: 1 },
      { a: { b: 1 } },
      '{}',
      '[]',
      new Date(1),
      'Date(1)',
      new Map([[1, 2]]),
      new Set([1]),
      new Set(['1']),
      [[1], []],
      [[], [1]],
      new Uint8Array([1]),
      new Uint8Array([1, 0, 0, 0]),
      new Uint32Array([1]),
    ]
    expect(new Set(rows.map(rowIdentity)).size).toBe(rows.length)
    const copy = structuredClone(rows)
    expect(copy.map(rowIdentity)).toEqual(rows.map(rowIdentity))
    expect(rowIdentity({ a: 1, b: 2 })).toBe(rowIdentity({ b: 2, a: 1 }))
  })
})
