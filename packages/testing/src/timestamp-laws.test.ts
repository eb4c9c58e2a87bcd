import { bigintTime, dateTime, numberTime, type TimestampAlgebra } from '@malstrom/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { brokenLaws } from './law.ts'
import { timestampLaws, timestampLawsOf } from './timestamp-laws.ts'

const near = fc.integer({ min: -20, max: 20 })

timestampLaws('numberTime', numberTime, fc.oneof(near, fc.maxSafeInteger()))
timestampLaws('numberTime between whole steps', dense(numberTime), fc.double({ noNaN: true }))
timestampLaws('bigintTime', bigintTime, fc.oneof(fc.bigInt(-20n, 20n), fc.bigInt(bigintTime.min, bigintTime.max)))
timestampLaws(
  'dateTime',
  dateTime,
  fc.oneof(
    near.map((ms) => new Date(ms)),
    fc.date({ noInvalidDate: true }),
  ),
)

/** A term of office and an instant within it: ordered by the term first. */
type TermTime = readonly [term: number, instant: number]
const termTime: TimestampAlgebra<TermTime> = {
  min: [-100, -100],
  max: [100, 100],
  compare: (a, b) => a[0] - b[0] || a[1] - b[1],
  merge: (a, b) => (termTime.compare(a, b) < 0 ? a : b),
}
timestampLaws('a pair of numbers', termTime, fc.tuple(near, near))

function dense<T>({ min, max, compare, merge }: TimestampAlgebra<T>): TimestampAlgebra<T> {
  return { min, max, compare, merge }
}

type Planted = readonly [bug: string, broken: string, laws: ReturnType<typeof timestampLawsOf>]

const numbers = (changes: Partial<TimestampAlgebra<number>>) => timestampLawsOf({ ...numberTime, ...changes }, near)
const dates = (changes: Partial<TimestampAlgebra<Date>>) =>
  timestampLawsOf(
    // Ends of its own, because the planted bug changes them.
    { ...dateTime, min: new Date(-1_000), max: new Date(1_000), ...changes },
    near.map((ms) => new Date(ms)),
  )

const planted: Planted[] = [
  [
    'compares with < only',
    'compare answers the opposite when its arguments change places',
    numbers({ compare: (a, b) => (a < b ? -1 : 1) }),
  ],
  ['compares with < only', 'every timestamp equals itself', numbers({ compare: (a, b) => (a < b ? -1 : 1) })],
  ['compares infinities by subtraction', 'every timestamp equals itself', numbers({ compare: (a, b) => a - b })],
  ['compares modulo 3', 'compare is transitive', numbers({ compare: (a, b) => (a === b ? 0 : (((a - b) % 3) + 3) % 3 === 1 ? 1 : -1) })],
  ['starts at 0', 'no timestamp is below min or above max', numbers({ min: 0 })],
  ['ends at 10', 'no timestamp is below min or above max', numbers({ max: 10 })],
  ['merges to the mean', 'merge is associative', numbers({ merge: (a, b) => (a + b) / 2 })],
  ['merges to the first', 'merge is commutative', numbers({ merge: (a) => a })],
  ['merges to min', 'merge is idempotent', numbers({ merge: () => numberTime.min })],
  ['merges to min', 'merging with max changes nothing', numbers({ merge: () => numberTime.min })],
  ['merges to the larger', 'merging with min gives min', numbers({ merge: Math.max })],
  ['merges to the larger', 'merge is never above its arguments', numbers({ merge: Math.max })],
  [
    'merges pairs element by element',
    'merge is the largest timestamp that is not above its arguments',
    timestampLawsOf(
      { ...termTime, merge: (a, b): TermTime => [Math.min(a[0], b[0]), Math.min(a[1], b[1])] },
      fc.tuple(fc.nat(2), fc.nat(2)),
    ),
  ],
  [
    'steps back in place',
    'compare, merge and before leave their arguments as they are',
    dates({ before: (t) => new Date(t.setTime(t.getTime() - 1)) }),
  ],
  ['does not step back', 'before(t) is below t and not below min', numbers({ before: (t) => t })],
  ['steps below min', 'before(t) is below t and not below min', numbers({ min: -5, max: 5, before: (t) => t - 100 })],
  ['steps back by two', 'no timestamp is between before(t) and t', numbers({ before: (t) => t - 2 })],
]

describe('timestampLaws', () => {
  it.each(planted)('finds an algebra that %s: %s', async (_, broken, laws) => {
    expect(await brokenLaws(laws)).toContain(broken)
  })

  it('has no law that cannot fail', () => {
    const found = new Set(planted.map(([, broken]) => broken))
    expect(timestampLawsOf(numberTime, near).filter(({ name }) => !found.has(name))).toEqual([])
  })

  it('asks for before only where there is one', () => {
    const withBefore = timestampLawsOf(numberTime, near).map(({ name }) => name)
    const without = timestampLawsOf(dense(numberTime), near).map(({ name }) => name)
    expect(withBefore.filter((name) => !without.includes(name))).toEqual([
      'before(t) is below t and not below min',
      'no timestamp is between before(t) and t',
    ])
  })
})
