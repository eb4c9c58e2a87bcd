import type { TimestampAlgebra } from '@malstrom/core'
import fc from 'fast-check'
import { TIMEOUT_MS } from './external-system.ts'
import { type Law, must, registerLaws } from './law.ts'

/**
 * Registers the laws of `TimestampAlgebra` as vitest tests: a total order from `min` to `max`, a merge
 * that is its lower bound, and, where there is one, a `before` that is the step below.
 *
 * `samples` draws valid timestamps. For an algebra with `before` it draws whole steps only, and mostly
 * close to each other: a step that is skipped shows only if it is drawn.
 */
export function timestampLaws<T>(name: string, time: TimestampAlgebra<T>, samples: fc.Arbitrary<T>): void {
  registerLaws(`${name} keeps the laws of timestamps`, timestampLawsOf(time, samples), TIMEOUT_MS)
}

/** The laws as plain checks. */
export function timestampLawsOf<T>(time: TimestampAlgebra<T>, samples: fc.Arbitrary<T>): Law[] {
  return [...orderLaws(time, samples), ...mergeLaws(time, samples), ...(time.before === undefined ? [] : beforeLaws(time, samples))]
}

function orderLaws<T>(time: TimestampAlgebra<T>, samples: fc.Arbitrary<T>): Law[] {
  const law = lawsOver(withEnds(time, samples))
  const { min, max } = time
  const compare = (a: T, b: T) => time.compare(a, b)
  return [
    law('every timestamp equals itself', (a) => must(compare(a, a) === 0, `compare(${text(a)}, itself) is ${compare(a, a)}, not 0.`)),
    law('compare answers the opposite when its arguments change places', (a, b) => {
      const [ab, ba] = [compare(a, b), compare(b, a)]
      must(
        Math.sign(ab) === -Math.sign(ba) || (ab === 0 && ba === 0),
        `compare(${text(a)}, ${text(b)}) is ${ab}, the other way round ${ba}.`,
      )
    }),
    law('compare is transitive', (a, b, c) => {
      must(
        compare(a, b) > 0 || compare(b, c) > 0 || compare(a, c) <= 0,
        `${text(a)} is not after ${text(b)}, that not after ${text(c)}, but the first is after the last.`,
      )
    }),
    law('no timestamp is below min or above max', (a) => {
      must(compare(min, a) <= 0, `${text(a)} is below min, which is ${text(min)}.`)
      must(compare(a, max) <= 0, `${text(a)} is above max, which is ${text(max)}.`)
      must(compare(min, max) < 0, 'min is not below max.')
    }),
  ]
}

function mergeLaws<T>(time: TimestampAlgebra<T>, samples: fc.Arbitrary<T>): Law[] {
  const law = lawsOver(withEnds(time, samples))
  const { min, max } = time
  const compare = (a: T, b: T) => time.compare(a, b)
  const merge = (a: T, b: T) => time.merge(a, b)
  const equal = (a: T, b: T, what: string) => must(compare(a, b) === 0, `${what}: ${text(a)} is not ${text(b)}.`)
  return [
    law('merge is associative', (a, b, c) => equal(merge(merge(a, b), c), merge(a, merge(b, c)), 'merging from the left, from the right')),
    law('merge is commutative', (a, b) => equal(merge(a, b), merge(b, a), 'merging the other way round')),
    law('merge is idempotent', (a) => equal(merge(a, a), a, 'merging a timestamp with itself')),
    law('merging with max changes nothing', (a) => equal(merge(a, max), a, 'merging with max')),
    law('merging with min gives min', (a) => equal(merge(a, min), min, 'merging with min')),
    law('merge is never above its arguments', (a, b) => {
      const merged = merge(a, b)
      must(compare(merged, a) <= 0 && compare(merged, b) <= 0, `${text(merged)} is above ${text(a)} or ${text(b)}.`)
    }),
    law('merge is the largest timestamp that is not above its arguments', (a, b, c) => {
      must(compare(c, a) > 0 || compare(c, b) > 0 || compare(c, merge(a, b)) <= 0, `merge(${text(a)}, ${text(b)}) is below ${text(c)}.`)
    }),
    law('compare, merge and before leave their arguments as they are', (a, b) => {
      const asItWas = text([a, b])
      compare(a, b)
      merge(a, b)
      if (compare(a, min) > 0) time.before?.(a)
      must(text([a, b]) === asItWas, `${asItWas} became ${text([a, b])}.`)
    }),
  ]
}

function beforeLaws<T>(time: TimestampAlgebra<T>, samples: fc.Arbitrary<T>): Law[] {
  const { min, max } = time
  const compare = (a: T, b: T) => time.compare(a, b)
  const before = (t: T) => time.before?.(t) as T
  const hasBefore = (t: T) => compare(t, min) > 0 && compare(t, max) < 0
  const law = lawsOver(samples)
  return [
    law('before(t) is below t and not below min', (t) => {
      if (!hasBefore(t)) return
      must(compare(before(t), t) < 0, `before(${text(t)}) is ${text(before(t))}.`)
      must(compare(before(t), min) >= 0, `before(${text(t)}) is below min.`)
    }),
    law('no timestamp is between before(t) and t', (t, ...others) => {
      if (!hasBefore(t)) return
      for (const other of others) {
        must(compare(other, t) >= 0 || compare(other, before(t)) <= 0, `${text(other)} is between ${text(before(t))} and ${text(t)}.`)
      }
    }),
  ]
}

function lawsOver<T>(samples: fc.Arbitrary<T>) {
  return (name: string, check: (a: T, b: T, c: T, d: T) => void): Law => ({
    name,
    check: () => fc.assert(fc.property(samples, samples, samples, samples, check), { numRuns: 1_000 }),
  })
}

function withEnds<T>(time: TimestampAlgebra<T>, samples: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.oneof({ arbitrary: samples, weight: 8 }, { arbitrary: fc.constantFrom(time.min, time.max), weight: 1 })
}

const text = (value: unknown) => fc.stringify(value)
