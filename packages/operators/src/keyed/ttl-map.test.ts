import { type ExpireMap, fromIterable } from '@malstrom/operators'
import { inBothForms } from '@malstrom/testing'
import { describe, expect } from 'vitest'

type Seen = ExpireMap<string, string, number>

const words = ['foo', 'bar', 'hello', 'world', 'baz']
const keysOf = (status: { operators: readonly { operator: string; keys: number }[] }) =>
  status.operators.find(({ operator }) => operator === 'ttl')?.keys

describe('ttlMap', () => {
  inBothForms('removes an entry with the first epoch at or after its expiry', async (collect) => {
    const { out } = await collect((flow) => ({
      out: flow
        .source('words', fromIterable(words))
        .keyLocal('one', () => 'one')
        .generateEpochs('each', (_word, timestamp) => timestamp)
        .onTime.ttlMap('ttl', (seen: Seen, word, _key, timestamp) => {
          seen.set(word, word, timestamp + 2)
          return [[...seen.values()].join('|'), seen]
        }),
    }))
    expect(out.values).toEqual(['foo', 'foo|bar', 'foo|bar|hello', 'bar|hello|world', 'hello|world|baz'])
  })

  inBothForms('keeps an entry readable until an epoch has passed, whatever the timestamps of the records', async (collect) => {
    const { out, status } = await collect((flow) => ({
      out: flow
        .source('n', fromIterable([0, 1, 2]))
        .keyLocal('one', () => 'one')
        .ttlMap('ttl', (seen: Seen, n, _key, timestamp) => {
          const size = seen.size
          seen.set(String(n), 'x', timestamp - 100)
          return [size, seen]
        }),
    }))
    expect(out.values).toEqual([0, 1, 2])
    // The epoch that ends the stream clears everything, and empty maps are forgotten.
    expect(keysOf(status)).toBe(0)
  })

  inBothForms('forgets a key whose map has become empty, so that the next record gets a new map', async (collect) => {
    const maps = new Set<unknown>()
    const { out } = await collect((flow) => ({
      out: flow
        .source('n', fromIterable([0, 1, 2, 3]))
        .keyLocal('one', () => 'one')
        .generateEpochs('at 1', (n) => (n === 1 ? n : undefined))
        .onTime.ttlMap('ttl', (seen: Seen, n) => {
          maps.add(seen)
          const size = seen.size
          seen.set('a', 'x', n === 0 ? 0 : 1)
          return [size, seen]
        }),
    }))
    expect(out.values).toEqual([0, 1, 0, 1])
    expect(maps.size).toBe(2)
  })

  inBothForms('forgets a key where the function returns undefined, or a map without entries', async (collect) => {
    const { out, status } = await collect((flow) => ({
      out: flow
        .source('n', fromIterable(['keep', 'keep', 'undefined', 'keep', 'empty', 'keep']))
        .keyLocal('one', () => 'one')
        .ttlMap('ttl', (seen: Seen, what) => {
          const size = seen.size
          if (what === 'empty') seen.clear()
          else seen.set(`${size}`, 'x', 1_000)
          return [size, what === 'undefined' ? undefined : seen]
        }),
    }))
    expect(out.values).toEqual([0, 1, 2, 0, 1, 0])
    expect(keysOf(status)).toBe(0)
  })

  inBothForms('keeps no key whose map never had an entry', async (collect) => {
    let keys: number | undefined
    await collect((flow) => ({
      out: flow
        .source('n', fromIterable([1, 2, 3]))
        .keyLocal('itself', (n) => n)
        .ttlMap('ttl', (seen: Seen) => [seen.size, seen]),
    })).then(({ status }) => {
      keys = keysOf(status)
    })
    expect(keys).toBe(0)
  })

  inBothForms('expires the entries of each key by themselves', async (collect) => {
    const { out } = await collect((flow) => ({
      out: flow
        .source('n', fromIterable([0, 1, 2, 3, 4, 5]))
        .keyLocal('parity', (n) => n % 2)
        .generateEpochs('each', (_n, timestamp) => timestamp)
        .onTime.ttlMap('ttl', (seen: ExpireMap<number, number, number>, n, key, timestamp) => {
          seen.set(n, n, key === 0 ? timestamp + 3 : timestamp + 100)
          return [[...seen.values()], seen]
        }),
    }))
    expect(out.records.map(({ key, value }) => [key, value])).toEqual([
      [0, [0]],
      [1, [1]],
      [0, [0, 2]],
      [1, [1, 3]],
      [0, [2, 4]],
      [1, [1, 3, 5]],
    ])
  })

  inBothForms('moves the expiry of an entry that is set again, in either direction', async (collect) => {
    const { out } = await collect((flow) => ({
      out: flow
        .source('n', fromIterable([0, 1, 2, 3, 4]))
        .keyLocal('one', () => 'one')
        .generateEpochs('each', (_n, timestamp) => timestamp)
        .onTime.ttlMap('ttl', (seen: Seen, n) => {
          const before = [...seen].map(([key]) => key)
          if (n === 0) seen.set('later', 'x', 1).set('sooner', 'x', 100)
          if (n === 1) seen.set('later', 'x', 3).set('sooner', 'x', 2)
          return [before, seen]
        }),
    }))
    expect(out.values).toEqual([[], ['later', 'sooner'], ['later', 'sooner'], ['later'], []])
  })

  inBothForms('emits one record per record, with its key and timestamp', async (collect) => {
    const { out } = await collect((flow) => ({
      out: flow
        .source('words', fromIterable(['a', 'b']))
        .keyLocal('itself', (word) => word)
        .ttlMap('ttl', (seen: Seen, ...rest) => [rest, seen.set('x', 'x', 9)]),
    }))
    expect(out.records).toEqual([
      { key: 'a', value: ['a', 'a', 0], timestamp: 0 },
      { key: 'b', value: ['b', 'b', 1], timestamp: 1 },
    ])
  })
})
