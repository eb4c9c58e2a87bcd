import { describe, expect, it } from 'vitest'
import { median, quantile, ratios, relativeSpread, slope } from './statistics.ts'

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

  it('lays a line through points, whatever lies off it on both sides', () => {
    expect(
      slope([
        [0, 5],
        [1, 8],
        [2, 11],
      ]),
    ).toBeCloseTo(3)
    expect(
      slope([
        [10, 1],
        [20, 1],
        [30, 1],
      ]),
    ).toBe(0)
    expect(
      slope([
        [0, 0],
        [1, 3],
        [2, -2],
        [3, 1],
      ]),
    ).toBeCloseTo(-0.2)
    expect(() =>
      slope([
        [1, 1],
        [1, 2],
      ]),
    ).toThrow(RangeError)
    expect(() => slope([])).toThrow(RangeError)
  })
})
