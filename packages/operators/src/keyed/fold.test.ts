import { fromIterable } from '@malstrom/operators'
import { inBothForms } from '@malstrom/testing'
import { describe, expect } from 'vitest'

describe('fold', () => {
  inBothForms('emits the new state of the key for every record', async (collect) => {
    const { out } = await collect((flow) => ({
      out: flow
        .source('n', fromIterable([1, 2, 3, 4]))
        .keyLocal('parity', (n) => n % 2)
        .fold(
          'list',
          (): number[] => [],
          (list, n) => [...list, n],
        ),
    }))
    expect(out.records).toEqual([
      { key: 1, value: [1], timestamp: 0 },
      { key: 0, value: [2], timestamp: 1 },
      { key: 1, value: [1, 3], timestamp: 2 },
      { key: 0, value: [2, 4], timestamp: 3 },
    ])
  })

  inBothForms('is called with (state, value, key, timestamp), and init with the key', async (collect) => {
    const { out } = await collect((flow) => ({
      out: flow
        .source('n', fromIterable([7, 8]))
        .keyLocal('key', () => 'k')
        .fold(
          'args',
          (key): unknown[] => [key],
          (...args) => args.slice(1),
        ),
    }))
    expect(out.values).toEqual([
      [7, 'k', 0],
      [8, 'k', 1],
    ])
  })
})
