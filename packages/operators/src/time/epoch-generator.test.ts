import { bigintTime, dateTime } from '@malstrom/core'
import { fromIterable, limitOutOfOrderness } from '@malstrom/operators'
import { inBothForms } from '@malstrom/testing'
import { describe, expect, it } from 'vitest'

describe('limitOutOfOrderness', () => {
  it('proposes the timestamp minus the bound: of a number, a bigint, a date', () => {
    const limit = limitOutOfOrderness(5)
    expect(limit('any', 12)).toBe(7)
    expect(limit('any', 12n)).toBe(7n)
    expect(limit('any', new Date(12))).toEqual(new Date(7))
  })

  it('subtracts from other timestamps with a function of the user', () => {
    const limit = limitOutOfOrderness(2, (version: readonly [number, number], bound: number) => [version[0], version[1] - bound] as const)
    expect(limit('any', [1, 7], undefined)).toEqual([1, 5])
  })

  it('asks for strict order with 0', () => {
    expect(limitOutOfOrderness(0)('any', 12)).toBe(12)
  })

  it('refuses a bound that is none', () => {
    for (const bound of [-1, Number.NaN, undefined as unknown as number, '5' as unknown as number]) {
      expect(() => limitOutOfOrderness(bound)).toThrow(expect.objectContaining({ code: 'ERR_OPERATOR_ARGUMENT' }))
    }
  })

  inBothForms('lets records be behind the latest one by less than the bound', async (collect) => {
    const { onTime, late } = await collect((flow) =>
      flow
        .source('n', fromIterable([10, 8, 7, 9, 20, 17, 16]))
        .assignTimestamps('times', (n) => n)
        .generateEpochs('limit', limitOutOfOrderness(3)),
    )
    expect(onTime.values).toEqual([10, 8, 9, 20])
    expect(late.values).toEqual([7, 17, 16])
    expect(onTime.epochs).toEqual([7, 17, Number.POSITIVE_INFINITY])
  })

  inBothForms('does so for bigints and for dates', async (collect) => {
    const { big, dated } = await collect((flow) => {
      const n = flow.source('n', fromIterable([10, 8, 7]))
      return {
        big: n.assignTimestamps('big', (value) => BigInt(value), bigintTime).generateEpochs('big limit', limitOutOfOrderness(3)).onTime,
        dated: n.assignTimestamps('dated', (value) => new Date(value), dateTime).generateEpochs('date limit', limitOutOfOrderness(3))
          .onTime,
      }
    })
    expect(big.values).toEqual([10, 8])
    expect(big.epochs).toEqual([7n, bigintTime.max])
    expect(dated.values).toEqual([10, 8])
    expect(dated.epochs).toEqual([new Date(7), dateTime.max])
  })
})
