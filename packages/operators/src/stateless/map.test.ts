import { fromIterable } from '@malstrom/operators'
import { inBothForms } from '@malstrom/testing'
import { describe, expect } from 'vitest'

describe('map', () => {
  inBothForms('makes one output per record and keeps the timestamp', async (collect) => {
    const { out } = await collect((flow) => ({ out: flow.source('n', fromIterable([1, 2, 3])).map('double', (n) => n * 2) }))
    expect(out.records).toEqual([
      { key: undefined, value: 2, timestamp: 0 },
      { key: undefined, value: 4, timestamp: 1 },
      { key: undefined, value: 6, timestamp: 2 },
    ])
  })

  inBothForms('keeps the key', async (collect) => {
    const { out } = await collect((flow) => ({
      out: flow
        .source('n', fromIterable([1, 2]))
        .keyLocal('parity', (n) => n % 2 === 0)
        .map('text', String),
    }))
    expect(out.records).toEqual([
      { key: false, value: '1', timestamp: 0 },
      { key: true, value: '2', timestamp: 1 },
    ])
  })

  inBothForms('calls its function with (value, timestamp), and with (value, key, timestamp) on a keyed stream', async (collect) => {
    const { plain, keyed } = await collect((flow) => {
      const letters = flow.source('letters', fromIterable(['a', 'b']))
      return {
        plain: letters.map('plain', (...args) => args),
        keyed: letters.keyLocal('key', (letter) => letter.toUpperCase()).map('keyed', (...args) => args),
      }
    })
    expect(plain.values).toEqual([
      ['a', 0],
      ['b', 1],
    ])
    expect(keyed.values).toEqual([
      ['a', 'A', 0],
      ['b', 'B', 1],
    ])
  })

  inBothForms('passes undefined and null on like any value', async (collect) => {
    const { out } = await collect((flow) => ({
      out: flow.source('n', fromIterable([1, 2])).map('nothing', (n) => (n === 1 ? undefined : null)),
    }))
    expect(out.values).toEqual([undefined, null])
  })

  inBothForms('does nothing on an empty stream but pass on its end', async (collect) => {
    const { out } = await collect((flow) => ({ out: flow.source('n', fromIterable([])).map('same', (n) => n) }))
    expect(out.events).toEqual(['EInfinity'])
  })
})
