import { inBothForms, ScriptedSource } from '@malstrom/testing'
import fc from 'fast-check'
import { describe, expect } from 'vitest'
import { feed, type Item, keysOf, randomItems } from './fixture/join-feed.ts'

/** The row of a key at a time: the last version that is not later and still valid. */
function rowAt(rows: readonly Item[], { key, timestamp }: Item, ttl: number): Item | undefined {
  const known = rows.filter((row) => row.key === key && row.timestamp <= timestamp)
  const last = known.reduce<Item | undefined>(
    (best, row) => (best === undefined || row.timestamp >= best.timestamp ? row : best),
    undefined,
  )
  return last === undefined || isRemoval(last) || timestamp > last.timestamp + ttl ? undefined : last
}

/** Some of the rows say that there is none from their time on. */
const isRemoval = ({ id }: Item) => id.endsWith('3')

describe('temporalJoin', () => {
  inBothForms('gives each record the version of its own time, however records and versions come', async (collect) => {
    const seen = { found: 0, missing: 0 }
    await fc.assert(
      fc.asyncProperty(
        randomItems('l'),
        randomItems('r'),
        fc.constantFrom('inner', 'left'),
        fc.constantFrom(undefined, 0, 3, 12),
        async (left, rows, type, ttl) => {
          const { out, status } = await collect((flow) => {
            const table = feed(flow, 'rows', rows).map('removals', (row) => (isRemoval(row) ? undefined : row))
            const options = ttl === undefined ? ({ unbounded: true, type } as const) : { ttl, type }
            return {
              out: feed(flow, 'left', left).temporalJoin(
                'join',
                table,
                options,
                (l, row, key, t) => `${key} ${t}: ${l.id}+${row?.id ?? 'none'}`,
              ),
            }
          })
          const expected = left
            .map((item) => [item, rowAt(rows, item, ttl ?? Number.POSITIVE_INFINITY)] as const)
            .filter(([, row]) => row !== undefined || type === 'left')
            .map(([{ key, timestamp, id }, row]) => `${timestamp}| ${key} ${timestamp}: ${id}+${row?.id ?? 'none'}`)
          expect(out.records.map(({ value, timestamp }) => `${timestamp}| ${value}`).sort()).toEqual(expected.sort())
          // The end of the streams leaves at most the last version of each key.
          expect(keysOf(status, 'join')).toBeLessThanOrEqual(ttl === undefined ? new Set(rows.map(({ key }) => key)).size : 0)
          seen.missing += expected.filter((text) => text.endsWith('none')).length
          seen.found += expected.filter((text) => !text.endsWith('none')).length
        },
      ),
      { numRuns: 120 },
    )
    expect(Math.min(seen.found, seen.missing)).toBeGreaterThan(10)
  })
})

describe('tableJoin', () => {
  const item = (id: string, timestamp: number, key = 'a'): Item => ({ id, key, timestamp, epoch: false })
  const last = Number.POSITIVE_INFINITY

  inBothForms('gives each record the latest row there is, whatever its timestamp', async (collect) => {
    const [records, rows] = [new ScriptedSource<Item>(['p']), new ScriptedSource<Item | undefined>(['p'])]
    const [left, right] = [records.partition('p'), rows.partition('p')]
    left.give([item('before', 0), 0])
    const { inner, outer, status } = await collect((flow) => {
      const stream = flow.source('records', records).keyDistribute('by', ({ key }) => key)
      const table = flow.source('rows', rows).keyDistribute('rows by', () => 'a')
      const play = (id: string) => {
        if (id === 'before') right.give([item('first', 9), 9])
        if (id === 'after first') right.give([item('second', 4), 4])
        if (id === 'after second') right.give([undefined, 5])
      }
      table
        .inspect('play', (row, _key, timestamp) => {
          if (row?.id === 'first') left.give([item('after first', 1), 1])
          else if (row?.id === 'second') left.give([item('after second', 20), 20])
          else {
            left.give([item('after removal', 21), 21], [item('other key', 21, 'b'), 21])
            for (const partition of [left, right]) partition.finish()
          }
          expect(timestamp).toBeLessThan(last)
        })
        .discard('played')
      const name = (value: Item, row: Item | undefined) => `${value.id}: ${row?.id ?? 'none'}`
      return {
        inner: stream.tableJoin('inner', table, { unbounded: true }, name),
        outer: stream.inspect('give', ({ id }) => play(id)).tableJoin('outer', table, { unbounded: true, type: 'left' }, name),
      }
    })
    expect(outer.values).toEqual(['before: none', 'after first: first', 'after second: second', 'after removal: none', 'other key: none'])
    expect(inner.values).toEqual(['after first: first', 'after second: second'])
    expect(keysOf(status, 'outer')).toBe(0)
  })

  inBothForms('keeps a row for its ttl, for records of such times, and no state afterwards', async (collect) => {
    const [records, rows] = [new ScriptedSource<Item>(['p']), new ScriptedSource<Item>(['p'])]
    const left = records.partition('p')
    rows.partition('p').give([item('row', 10), 10])
    left.give([item('is it there?', 0), 0])
    const { out, status } = await collect((flow) => {
      const stream = flow.source('records', records).keyDistribute('by', ({ key }) => key)
      const table = flow.source('rows', rows).keyDistribute('rows by', ({ key }) => key)
      const joined = stream.tableJoin('join', table, { ttl: 5, type: 'left' }, ({ id }, row) => `${id}: ${row?.id ?? 'none'}`)
      return {
        out: joined.inspect('play', (value) => {
          if (value === 'is it there?: none') left.give([item('is it there?', 0), 0])
          if (value !== 'is it there?: row') return
          left.give([item('at the end', 15), 15], [item('behind it', 16), 16])
          for (const source of [records, rows]) source.partition('p').finish()
        }),
      }
    })
    expect(out.values.slice(-3)).toEqual(['is it there?: row', 'at the end: row', 'behind it: none'])
    expect(keysOf(status, 'join')).toBe(0)
  })
})
