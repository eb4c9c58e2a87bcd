import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Bearing, surveyBeacons } from './survey-beacons.ts'

/** Looks for what comes after beacon 3 and before 4, in 10 beacons of which these tell. */
async function survey(telling: readonly number[], target = 3) {
  const asked: number[] = []
  const { after, before } = await surveyBeacons(10, async (nth): Promise<Bearing> => {
    asked.push(nth)
    if (!telling.includes(nth)) return 'unknown'
    return nth <= target ? 'after' : 'before'
  })
  return { found: [after, before], asked }
}

describe('a survey of beacons', () => {
  // The cases of SeaStreamer's surveyor.
  it.each<[telling: number[], after: number, before: number]>([
    [[], 0, Number.POSITIVE_INFINITY],
    [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 3, 4],
    [[1, 2, 3, 5, 6, 7, 8, 9, 10], 3, 5],
    [[1, 2, 5, 6, 7, 8, 9, 10], 2, 5],
    [[1, 8, 9], 1, 8],
    [[8, 9], 0, 8],
    [[3], 3, Number.POSITIVE_INFINITY],
    [[8], 0, 8],
  ])('of which %j tell ends between %d and %d', async (telling, after, before) => {
    expect((await survey(telling)).found).toEqual([after, before])
  })

  it('asks no beacon twice, finds the nearest that tell, and few if all tell', async () => {
    const property = fc.asyncProperty(fc.uniqueArray(fc.integer({ min: 1, max: 10 })), fc.nat({ max: 10 }), async (telling, target) => {
      const { found, asked } = await survey(telling, target)
      const left = telling.filter((nth) => nth <= target)
      const right = telling.filter((nth) => nth > target)
      expect(found).toEqual([Math.max(0, ...left), Math.min(Number.POSITIVE_INFINITY, ...right)])
      expect(new Set(asked).size).toBe(asked.length)
      if (telling.length === 10) expect(asked.length).toBeLessThanOrEqual(4)
    })
    await fc.assert(property, { numRuns: 300 })
  })

  it('of no beacons asks none', async () => {
    const asks = () => Promise.reject(new Error('There is none.'))
    expect(await surveyBeacons(0, asks)).toEqual({ after: 0, before: Number.POSITIVE_INFINITY })
  })
})
