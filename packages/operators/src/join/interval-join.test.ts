import { inBothForms } from '@malstrom/testing'
import fc from 'fast-check'
import { describe, expect } from 'vitest'
import { feed, type Item, keysOf, randomItems } from './fixture/join-feed.ts'
import type { JoinType } from './join-type.ts'

interface Bounds {
  readonly type: JoinType
  readonly lower: number
  readonly upper: number
  readonly lowerInclusive: boolean
  readonly upperInclusive: boolean
  /** Whether the bounds are functions of the left record. */
  readonly byLeft: boolean
}

const bounds: fc.Arbitrary<Bounds> = fc
  .record({
    type: fc.constantFrom('inner', 'left', 'right', 'outer'),
    lower: fc.integer({ min: -8, max: 6 }),
    upper: fc.integer({ min: 1, max: 8 }),
    lowerInclusive: fc.boolean(),
    upperInclusive: fc.boolean(),
    byLeft: fc.boolean(),
  })
  .map((options) => ({ ...options, upper: options.lower + options.upper }))

function resultOf(key: string, l: Item | undefined, r: Item | undefined, at: number): string {
  return `${key}: ${l?.id ?? 'none'}+${r?.id ?? 'none'} at ${at}`
}

/** What the join is, computed from all records at once. */
function naive(left: readonly Item[], right: readonly Item[], { type, lower, upper, lowerInclusive, upperInclusive }: Bounds): string[] {
  const first = lowerInclusive ? lower : lower + 1
  const last = upperInclusive ? upper : upper - 1
  const pairs = left.flatMap((l) =>
    right
      .filter((r) => r.key === l.key && r.timestamp >= l.timestamp + first && r.timestamp <= l.timestamp + last)
      .map((r) => [l, r] as const),
  )
  const joined = pairs.map(([l, r]) => `${l.key}: ${l.id}+${r.id} at ${Math.max(l.timestamp, r.timestamp)}`)
  if (type === 'left' || type === 'outer') {
    for (const l of left)
      if (!pairs.some(([known]) => known === l)) joined.push(`${l.key}: ${l.id}+none at ${l.timestamp + Math.max(0, last)}`)
  }
  if (type === 'right' || type === 'outer') {
    for (const r of right)
      if (!pairs.some(([, known]) => known === r)) joined.push(`${r.key}: none+${r.id} at ${r.timestamp + Math.max(0, -first)}`)
  }
  return joined.sort()
}

describe('intervalJoin', () => {
  inBothForms('is what a naive recomputation gives, of any type and with any bounds, however the records come', async (collect) => {
    const seen = { joined: 0, padded: 0 }
    await fc.assert(
      fc.asyncProperty(randomItems('l'), randomItems('r'), bounds, async (left, right, options) => {
        const { byLeft, lower, upper, ...rest } = options
        const { out, status } = await collect((flow) => {
          const [a, b] = [feed(flow, 'left', left), feed(flow, 'right', right)]
          const pair = (l: Item | undefined, r: Item | undefined, key: string, at: number) => resultOf(key, l, r, at)
          const joined = byLeft
            ? a.intervalJoin(
                'join',
                b,
                {
                  ...rest,
                  lower: (_l, t) => t + lower,
                  upper: (l) => l.timestamp + upper,
                  keepRight: -lower,
                },
                pair,
              )
            : a.intervalJoin('join', b, { ...rest, lower, upper }, pair)
          return { out: joined }
        })
        expect([...out.values].sort()).toEqual(naive(left, right, options))
        for (const { value, timestamp } of out.records) expect(String(value)).toMatch(new RegExp(` at ${timestamp}$`))
        expect(keysOf(status, 'join')).toBe(0)
        seen.joined += out.records.length
        seen.padded += out.values.filter((value) => String(value).includes('none')).length
      }),
      { numRuns: 150 },
    )
    expect(seen.padded).toBeGreaterThan(10)
    expect(seen.joined - seen.padded).toBeGreaterThan(10)
  })

  inBothForms('keeps no record that has found its only match', async (collect) => {
    const one = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 3 })
    await fc.assert(
      fc.asyncProperty(one, randomItems('r'), fc.boolean(), bounds, async (keys, right, swapped, options) => {
        // One record of each key on one side, so each of the other has one match at most.
        const left = [...new Set(keys)].map((key, index): Item => ({ id: `l${index}`, key, timestamp: 5 * index, epoch: false }))
        const { byLeft: _, ...rest } = options
        const matchesOnce = swapped ? 'left' : 'right'
        const { out, status } = await collect((flow) => {
          const [a, b] = [feed(flow, 'left', swapped ? right : left), feed(flow, 'right', swapped ? left : right)]
          return { out: a.intervalJoin('join', b, { ...rest, matchesOnce }, (l, r, key, at) => resultOf(key, l, r, at)) }
        })
        expect([...out.values].sort()).toEqual(swapped ? naive(right, left, options) : naive(left, right, options))
        expect(keysOf(status, 'join')).toBe(0)
      }),
      { numRuns: 80 },
    )
  })
})

describe('join', () => {
  inBothForms('with a ttl has the pairs that are no further apart, and with unbounded all', async (collect) => {
    await fc.assert(
      fc.asyncProperty(randomItems('l'), randomItems('r'), bounds, fc.nat(9), async (left, right, { type }, ttl) => {
        const { within, all, status } = await collect((flow) => {
          const [a, b] = [feed(flow, 'left', left), feed(flow, 'right', right)]
          const pair = (l: Item | undefined, r: Item | undefined, key: string, at: number) => resultOf(key, l, r, at)
          return { within: a.join('within', b, { ttl, type }, pair), all: a.join('all', b, { unbounded: true, type }, pair) }
        })
        const inclusive = { type, lowerInclusive: true, upperInclusive: true, byLeft: false }
        expect([...within.values].sort()).toEqual(naive(left, right, { ...inclusive, lower: -ttl, upper: ttl }))
        expect(keysOf(status, 'within')).toBe(0)
        const far = naive(left, right, { ...inclusive, lower: -1_000, upper: 1_000 })
        // What has no match is known when the streams end, and then no time is left.
        const expected = far.map((text) => (text.includes('none') ? text.replace(/at .*/, 'at Infinity') : text))
        expect([...all.values].sort()).toEqual(expected.sort())
      }),
      { numRuns: 80 },
    )
  })
})
