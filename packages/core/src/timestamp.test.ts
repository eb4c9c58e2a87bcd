import { describe, expect, it } from 'vitest'
import { bigintTime, dateTime, isTimestamp, numberTime } from './timestamp.ts'

// The laws of all three run in @malstrom/testing, next to timestampLaws().

describe('numberTime', () => {
  it('orders numbers between the infinities', () => {
    expect(numberTime.compare(1, 2)).toBe(-1)
    expect(numberTime.compare(2, 1)).toBe(1)
    expect(numberTime.compare(0, -0)).toBe(0)
    expect(numberTime.compare(numberTime.min, -Number.MAX_VALUE)).toBe(-1)
    expect(numberTime.compare(numberTime.max, Number.MAX_VALUE)).toBe(1)
    expect(numberTime.compare(numberTime.max, numberTime.max)).toBe(0)
  })

  it('merges to the smaller and steps back by one', () => {
    expect(numberTime.merge(3, 5)).toBe(3)
    expect(numberTime.merge(5, 3)).toBe(3)
    expect(numberTime.before?.(5)).toBe(4)
  })
})

describe('bigintTime', () => {
  it('orders and merges 64-bit numbers beyond the precision of a double', () => {
    const t = 2n ** 60n
    expect(bigintTime.compare(t, t + 1n)).toBe(-1)
    expect(bigintTime.compare(t + 1n, t)).toBe(1)
    expect(bigintTime.compare(t, t)).toBe(0)
    expect(bigintTime.merge(t + 1n, t)).toBe(t)
    expect(bigintTime.before?.(t)).toBe(t - 1n)
  })

  it('reaches from the smallest to the largest signed 64-bit number', () => {
    expect(BigInt.asIntN(64, bigintTime.min)).toBe(bigintTime.min)
    expect(BigInt.asIntN(64, bigintTime.max)).toBe(bigintTime.max)
    expect(BigInt.asIntN(64, bigintTime.max + 1n)).toBe(bigintTime.min)
  })
})

describe('dateTime', () => {
  it('orders dates by what they say, not by which object they are', () => {
    expect(dateTime.compare(new Date(5), new Date(5))).toBe(0)
    expect(dateTime.compare(new Date(4), new Date(5))).toBeLessThan(0)
    expect(dateTime.merge(new Date(4), new Date(5))).toEqual(new Date(4))
  })

  it('steps back by a millisecond and leaves the date as it is', () => {
    const t = new Date(5)
    expect(dateTime.before?.(t)).toEqual(new Date(4))
    expect(t).toEqual(new Date(5))
  })

  it('has valid dates at both ends', () => {
    expect(isTimestamp(dateTime, dateTime.min)).toBe(true)
    expect(isTimestamp(dateTime, dateTime.max)).toBe(true)
    expect(new Date(dateTime.max.getTime() + 1).getTime()).toBeNaN()
  })
})

describe('isTimestamp', () => {
  it.each<[string, boolean]>([
    ['a number', isTimestamp(numberTime, 1)],
    ['an infinity', isTimestamp(numberTime, Number.POSITIVE_INFINITY)],
    ['a bigint', isTimestamp(bigintTime, 1n)],
    ['a date', isTimestamp(dateTime, new Date(0))],
  ])('is true for %s', (_, answer) => {
    expect(answer).toBe(true)
  })

  // `as never`: what types forbid still arrives, for example out of JSON.
  it.each<[string, boolean]>([
    ['undefined', isTimestamp(numberTime, undefined as never)],
    ['null', isTimestamp(numberTime, null as never)],
    ['NaN', isTimestamp(numberTime, Number.NaN)],
    ['a string among numbers', isTimestamp(numberTime, '2025-03-01' as never)],
    ['a date among numbers', isTimestamp(numberTime, new Date(0) as never)],
    ['a bigint among numbers', isTimestamp(numberTime, 1n as never)],
    ['a number among bigints', isTimestamp(bigintTime, 1 as never)],
    ['undefined among bigints', isTimestamp(bigintTime, undefined as never)],
    ['an invalid date', isTimestamp(dateTime, new Date(Number.NaN))],
    ['a date as it comes out of JSON', isTimestamp(dateTime, '2025-03-01T00:00:00.000Z' as never)],
    ['a number among dates', isTimestamp(dateTime, 0 as never)],
    ['null among dates', isTimestamp(dateTime, null as never)],
  ])('is false for %s', (_, answer) => {
    expect(answer).toBe(false)
  })
})
