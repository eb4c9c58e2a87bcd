import { describe, expect, it } from 'vitest'
import { median, quantile, ratios, relativeSpread } from './statistics.ts'

describe('statistics', () => {
  it('takes the middle sample, whatever the order', () => {
    expect(median([9, 1, 5])).toBe(5)
  })

  it('takes the mean of the two middle samples of an even number', () => {
    expect(median([1, 2, 10, 100])).toBe(6)
  })

  it('sorts by size and not by spelling', () => {
    expect(median([10, 9, 100])).toBe(10)
  })

  it('interpolates quantiles between neighbours', () => {
    expect(quantile([0, 10], 0.25)).toBe(2.5)
    expect(quantile([4, 1, 3, 2, 5], 0.75)).toBe(4)
    expect(quantile([7], 0.25)).toBe(7)
  })

  it('spreads by the middle half relative to the median', () => {
    expect(relativeSpread([1, 2, 3, 4, 5])).toBeCloseTo(2 / 3)
    expect(relativeSpread([5, 5, 5])).toBe(0)
    expect(relativeSpread([0, 0, 0])).toBe(0)
  })

  it('is not moved by one outlier', () => {
    expect(median([10, 10, 10, 10, 1000])).toBe(10)
    expect(relativeSpread([10, 10, 10, 10, 1000])).toBe(0)
  })

  it('divides the samples of the same round', () => {
    expect(ratios([10, 30], [5, 10])).toEqual([2, 3])
    expect(() => ratios([1], [])).toThrow(RangeError)
  })

  it('has no answer without samples', () => {
    expect(() => median([])).toThrow(RangeError)
  })
})
