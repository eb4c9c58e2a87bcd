import { indexSelect, type WorkerId } from '@malstrom/core'
import { fromIterable } from '@malstrom/operators'
import { inBothForms } from '@malstrom/testing'
import { describe, expect } from 'vitest'

describe('keyLocal', () => {
  inBothForms('gives every record a key and changes nothing else', async (collect) => {
    const { out } = await collect((flow) => ({ out: flow.source('n', fromIterable([1, 2, 3])).keyLocal('parity', (n) => n % 2 === 0) }))
    expect(out.records).toEqual([
      { key: false, value: 1, timestamp: 0 },
      { key: true, value: 2, timestamp: 1 },
      { key: false, value: 3, timestamp: 2 },
    ])
  })

  inBothForms('replaces the keys of a keyed stream, which its function sees', async (collect) => {
    const { out } = await collect((flow) => ({
      out: flow
        .source('n', fromIterable([5]))
        .keyLocal('first', (value, timestamp) => `${value}@${timestamp}`)
        .keyLocal('second', (value, key, timestamp) => `${value}/${key}/${timestamp}`),
    }))
    expect(out.records[0]?.key).toBe('5/5@0/0')
  })

  inBothForms('passes epochs on', async (collect) => {
    const { out } = await collect((flow) => ({
      out: flow
        .source('n', fromIterable([1, 2]))
        .generateEpochs('each', (_value, timestamp) => timestamp)
        .onTime.keyLocal('key', () => 'k'),
    }))
    expect(out.events).toEqual([1, 'E0', 2, 'E1', 'EInfinity'])
  })

  inBothForms('takes strings, numbers, bigints, booleans and tuples of those for keys', async (collect) => {
    const keys = ['text', '', 1.5, -0, Number.POSITIVE_INFINITY, 7n, true, [], [2025, 'x'], [1n, false]] as const
    const { out } = await collect((flow) => ({ out: flow.source('keys', fromIterable(keys)).keyLocal('itself', (key) => key) }))
    expect(out.records.map(({ key }) => key)).toEqual(keys)
  })
})

describe('keyDistribute', () => {
  inBothForms('gives every record a key, in the order of the stream on a single worker', async (collect) => {
    const { out } = await collect((flow) => ({
      out: flow.source('n', fromIterable([4, 3, 2])).keyDistribute('parity', (n) => (n % 2 === 0 ? 'even' : 'odd')),
    }))
    expect(out.records).toEqual([
      { key: 'even', value: 4, timestamp: 0 },
      { key: 'odd', value: 3, timestamp: 1 },
      { key: 'even', value: 2, timestamp: 2 },
    ])
  })

  inBothForms('takes a partitioner of the user, or one of core', async (collect) => {
    const { own, index } = await collect((flow) => {
      const n = flow.source('n', fromIterable([1, 2]))
      return {
        own: n.keyDistribute('own', String, (_key, workers: readonly WorkerId[]) => workers[0] as WorkerId),
        index: n.keyDistribute('index', (value) => value, indexSelect),
      }
    })
    expect(own.records.map(({ key }) => key)).toEqual(['1', '2'])
    expect(index.records.map(({ key }) => key)).toEqual([1, 2])
  })

  inBothForms('compares tuples by value: equal tuples are one key', async (collect) => {
    const { out } = await collect((flow) => ({
      out: flow
        .source('months', fromIterable([1, 2, 1, 1]))
        .keyDistribute('month', (month) => [2025, month])
        .fold(
          'count',
          () => 0,
          (count) => count + 1,
        ),
    }))
    expect(out.values).toEqual([1, 1, 2, 3])
  })
})

describe('unkey', () => {
  inBothForms('takes the keys away', async (collect) => {
    const { out } = await collect((flow) => ({
      out: flow
        .source('n', fromIterable([1, 2]))
        .keyLocal('key', String)
        .unkey('plain')
        .map('args', (...args) => args),
    }))
    expect(out.records).toEqual([
      { key: undefined, value: [1, 0], timestamp: 0 },
      { key: undefined, value: [2, 1], timestamp: 1 },
    ])
  })
})
