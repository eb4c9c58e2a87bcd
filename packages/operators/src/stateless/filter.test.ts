import { fromIterable } from '@malstrom/operators'
import { inBothForms } from '@malstrom/testing'
import { describe, expect } from 'vitest'

const numbers = Array.from({ length: 100 }, (_, n) => n)

describe('filter', () => {
  inBothForms('keeps the records for which the predicate is true, with their timestamps', async (collect) => {
    const { out } = await collect((flow) => ({ out: flow.source('n', fromIterable(numbers)).filter('small', (n) => n <= 42) }))
    expect(out.values).toEqual(numbers.slice(0, 43))
    expect(out.records.map(({ timestamp }) => timestamp)).toEqual(numbers.slice(0, 43))
  })

  inBothForms('takes what is truthy for true', async (collect) => {
    const { out } = await collect((flow) => ({
      out: flow.source('n', fromIterable([0, 1, Number.NaN, 2])).filter('truthy', (n) => n as unknown as boolean),
    }))
    expect(out.values).toEqual([1, 2])
  })

  inBothForms('sees the key of a keyed stream, and keeps it', async (collect) => {
    const { out } = await collect((flow) => ({
      out: flow
        .source('n', fromIterable([1, 2, 3, 4]))
        .keyLocal('parity', (n) => n % 2)
        .filter('odd', (_value, key, timestamp) => key === 1 && timestamp > 0),
    }))
    expect(out.records).toEqual([{ key: 1, value: 3, timestamp: 2 }])
  })
})
