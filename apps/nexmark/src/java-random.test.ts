import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ReferenceRandom, splitMix64 } from './fixture/reference-random.ts'
import { JavaRandom } from './java-random.ts'
import { priceOf } from './price.ts'
import { seedings } from './seeding.ts'

const LOW_48 = (1n << 48n) - 1n

describe('JavaRandom', () => {
  it('draws what java.util.Random draws', () => {
    // What new Random(42).nextInt() is in Java, four times: 32 bits, of which a draw below a bound takes the upper 31.
    const integers = [-1_170_105_035, 234_785_527, -1_360_544_799, 205_897_768]
    const random = new JavaRandom()
    random.seed(42, seedings.java())
    expect(integers.map(() => random.below(100))).toEqual(integers.map((integer) => (integer >>> 1) % 100))
  })

  it('equals the reference for any seed and any draws', () => {
    const draw = fc.oneof(fc.integer({ min: 1, max: 2 ** 20 }), fc.constantFrom('unit', 1, 2, 4, 8, 13, 26))
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 45 }), fc.constantFrom('java', 'splitmix'), fc.array(draw), (number, name, draws) => {
        const random = new JavaRandom()
        random.seed(number, seedings[name]())
        const reference = new ReferenceRandom(name === 'java' ? BigInt(number) : splitMix64(BigInt(number)))
        for (const bound of draws) {
          if (typeof bound === 'string') expect(random.unit()).toBe(reference.nextDouble())
          else expect(random.below(bound)).toBe(reference.nextInt(bound))
        }
        expect(random.unlessZeroOf(2)).toBe(reference.nextInt(4) > 0)
      }),
    )
  })
})

describe('the seeding "splitmix"', () => {
  it('is the lower 48 bits of SplitMix64', () => {
    const seeding = seedings.splitmix()
    fc.assert(
      fc.property(fc.nat({ max: Number.MAX_SAFE_INTEGER }), (number) => {
        const low = seeding.low(number)
        expect(BigInt(seeding.high) * 2n ** 24n + BigInt(low)).toBe(splitMix64(BigInt(number)) & LOW_48)
      }),
      { numRuns: 1_000 },
    )
  })
})

describe('priceOf', () => {
  it('rounds as the exact power does', () => {
    let state = 1
    for (let i = 0; i < 300_000; i++) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      const unit = (state + i / 300_000) / 2 ** 32
      const exact = Math.round(10 ** (6 * unit) * 100)
      if (priceOf(unit) !== exact) expect([unit, priceOf(unit)]).toEqual([unit, exact])
    }
    expect(priceOf(0)).toBe(100)
    expect(priceOf(1 - 2 ** -53)).toBe(100_000_000)
  })

  it('also where the power is halfway between two prices', () => {
    for (let cents = 100; cents < 60_000; cents++) {
      const unit = Math.log10((cents + 0.5) / 100) / 6
      expect(priceOf(unit)).toBe(Math.round(10 ** (unit * 6) * 100))
    }
  })
})
