import { fromIterable } from '@malstrom/operators'
import { inBothForms } from '@malstrom/testing'
import { describe, expect } from 'vitest'

describe('filterMap', () => {
  inBothForms('drops the record where the function returns undefined', async (collect) => {
    const { out } = await collect((flow) => ({
      out: flow.source('texts', fromIterable(['0', 'one', '2', '3', 'four'])).filterMap('parse', (text) => {
        const number = Number(text)
        return Number.isNaN(number) ? undefined : number
      }),
    }))
    expect(out.values).toEqual([0, 2, 3])
    expect(out.records.map(({ timestamp }) => timestamp)).toEqual([0, 2, 3])
  })

  inBothForms('keeps null, false, 0 and the empty string: only undefined drops', async (collect) => {
    const { out } = await collect((flow) => ({
      out: flow.source('values', fromIterable([null, false, 0, '', undefined])).filterMap('same', (value) => value),
    }))
    expect(out.values).toEqual([null, false, 0, ''])
  })

  inBothForms('sees the key of a keyed stream, and keeps it', async (collect) => {
    const { out } = await collect((flow) => ({
      out: flow
        .source('n', fromIterable([1, 2, 3]))
        .keyLocal('parity', (n) => n % 2)
        .filterMap('describe', (value, key, timestamp) => (key === 1 ? `${value}/${key}/${timestamp}` : undefined)),
    }))
    expect(out.records).toEqual([
      { key: 1, value: '1/1/0', timestamp: 0 },
      { key: 1, value: '3/1/2', timestamp: 2 },
    ])
  })
})
