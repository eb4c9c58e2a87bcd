import { session, sliding, tumbling } from '@malstrom/operators'
import { inBothForms } from '@malstrom/testing'
import fc from 'fast-check'
import { describe, expect } from 'vitest'
import { feed, type Item, keysOf, randomItems } from './fixture/join-feed.ts'
import type { JoinType } from './join-type.ts'

const GAP = 4

const kinds = {
  tumbling: { make: () => tumbling(5, { offset: 2 }), naive: (items: readonly Item[]) => aligned(items, 5, 5, 2) },
  sliding: { make: () => sliding({ size: 6, slide: 4 }), naive: (items: readonly Item[]) => aligned(items, 6, 4, 0) },
  session: { make: () => session({ gap: GAP }), naive: sessions },
} as const
type Kind = keyof typeof kinds

interface Span {
  readonly start: number
  readonly end: number
  readonly last: number
}

/** The windows that have one of the records. */
function aligned(items: readonly Item[], size: number, slide: number, offset: number): Span[] {
  const starts = new Set<number>()
  for (let start = offset - 2 * size; start < 100; start += slide) {
    if (items.some(({ timestamp }) => timestamp >= start && timestamp < start + size)) starts.add(start)
  }
  return [...starts].map((start) => ({ start, end: start + size, last: start + size - 1 }))
}

/** Runs of records that are at most `GAP` apart. */
function sessions(items: readonly Item[]): Span[] {
  const times = items.map(({ timestamp }) => timestamp).sort((a, b) => a - b)
  const runs: number[][] = []
  for (const time of times) {
    const run = runs.at(-1)
    if (run !== undefined && time - (run.at(-1) as number) <= GAP) run.push(time)
    else runs.push([time])
  }
  return runs.map((run) => {
    const end = (run.at(-1) as number) + GAP
    return { start: run[0] as number, end, last: end }
  })
}

interface Met extends Span {
  readonly key: string
  readonly lefts: readonly Item[]
  readonly rights: readonly Item[]
}

function naive(kind: Kind, left: readonly Item[], right: readonly Item[]): Met[] {
  return ['a', 'b', 'c'].flatMap((key) => {
    const [lefts, rights] = [left, right].map((items) => items.filter((item) => item.key === key)) as [Item[], Item[]]
    return kinds[kind].naive([...lefts, ...rights]).map((span) => {
      const isIn = ({ timestamp }: Item) => timestamp >= span.start && (kind === 'session' ? timestamp <= span.end : timestamp < span.end)
      return { ...span, key, lefts: lefts.filter(isIn), rights: rights.filter(isIn) }
    })
  })
}

const ids = (items: readonly Item[]) => items.map(({ id }) => id).sort()
const pairOf = (l: Item | undefined, r: Item | undefined) => `${l?.id ?? 'none'}+${r?.id ?? 'none'}`
const kind = fc.constantFrom(...(Object.keys(kinds) as Kind[]))
const type = fc.constantFrom<JoinType>('inner', 'left', 'right', 'outer')

describe('windowJoin and coGroup', () => {
  inBothForms('are what a naive recomputation gives, of any type and with any windows, however the records come', async (collect) => {
    let padded = 0
    await fc.assert(
      fc.asyncProperty(randomItems('l'), randomItems('r'), kind, type, async (left, right, kind, type) => {
        const { joined, grouped, status } = await collect((flow) => {
          const [a, b] = [feed(flow, 'left', left), feed(flow, 'right', right)]
          const window = kinds[kind].make()
          return {
            joined: a.windowJoin('join', b, { window, type }, (l, r, { start, end }, key) => `${key} ${start}-${end}: ${pairOf(l, r)}`),
            grouped: a.coGroup('group', b, window, (lefts, rights, { start, end }, key) => [
              JSON.stringify({ key, start, end, lefts: ids(lefts), rights: ids(rights) }),
              'second',
            ]),
          }
        })
        const met = naive(kind, left, right)
        const expected = met.flatMap(({ key, start, end, last, lefts, rights }) => {
          const pairs = lefts.flatMap((l) => rights.map((r) => pairOf(l, r)))
          if (rights.length === 0 && (type === 'left' || type === 'outer')) pairs.push(...lefts.map((l) => pairOf(l, undefined)))
          if (lefts.length === 0 && (type === 'right' || type === 'outer')) pairs.push(...rights.map((r) => pairOf(undefined, r)))
          return pairs.map((pair) => `${last}| ${key} ${start}-${end}: ${pair}`)
        })
        expect(joined.records.map(({ value, timestamp }) => `${timestamp}| ${value}`).sort()).toEqual(expected.sort())
        padded += expected.filter((text) => text.includes('none')).length
        const groups = met.map(({ key, start, end, last, lefts, rights }) => [
          last,
          JSON.stringify({ key, start, end, lefts: ids(lefts), rights: ids(rights) }),
        ])
        expect(
          grouped.records
            .filter(({ value }) => value !== 'second')
            .map(({ value, timestamp }) => [timestamp, value])
            .sort(),
        ).toEqual(groups.sort())
        expect(grouped.records).toHaveLength(2 * groups.length)
        expect([keysOf(status, 'join'), keysOf(status, 'group')]).toEqual([0, 0])
      }),
      { numRuns: 100 },
    )
    expect(padded).toBeGreaterThan(10)
  })

  inBothForms('emits a window when it is complete, and not before', async (collect) => {
    const { out } = await collect((flow) => {
      const item = (id: string, timestamp: number) => ({ id, key: 'a', timestamp, epoch: true })
      const left = feed(flow, 'left', [item('l0', 3), item('l1', 10), item('l2', 11)])
      return {
        out: left.windowJoin('join', left, { window: tumbling(5) }, (l, r) => `${l.id}+${r.id}`).inspectFrontier('epochs', () => {}),
      }
    })
    // Epochs trail the largest timestamp by 6; of two that wait, the later one counts.
    expect(out.events).toEqual(['E-3', 'l0+l0', 'E4', 'l1+l1', 'l1+l2', 'l2+l1', 'l2+l2', 'EInfinity'])
  })
})
