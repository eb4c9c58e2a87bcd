import { fromIterable } from '@malstrom/operators'
import { inBothForms } from '@malstrom/testing'
import { describe, expect } from 'vitest'

describe('statefulMap', () => {
  inBothForms('emits exactly one record per record, with its key and timestamp', async (collect) => {
    const { out } = await collect((flow) => ({
      out: flow
        .source('n', fromIterable(Array.from({ length: 101 }, (_, n) => n)))
        .keyDistribute('parity', (n) => n % 2 === 1)
        .statefulMap(
          'sum',
          () => 0,
          (sum, n) => [sum + n, sum + n],
        ),
    }))
    expect(out.records).toHaveLength(101)
    expect(out.records.slice(0, 4)).toEqual([
      { key: false, value: 0, timestamp: 0 },
      { key: true, value: 1, timestamp: 1 },
      { key: false, value: 2, timestamp: 2 },
      { key: true, value: 4, timestamp: 3 },
    ])
    expect(out.records.slice(-2)).toEqual([
      { key: true, value: 2500, timestamp: 99 },
      { key: false, value: 2550, timestamp: 100 },
    ])
  })

  inBothForms('forgets the key where the state is undefined', async (collect) => {
    const { out, status } = await collect((flow) => ({
      out: flow
        .source('words', fromIterable(['foo', 'bar', 'hello', 'world', 'baz']))
        .keyLocal('length', (word) => word.length)
        .statefulMap(
          'concat',
          () => '',
          (state, word) => {
            const text = state + word
            return [text, text.length >= 6 ? undefined : text]
          },
        ),
    }))
    expect(out.values).toEqual(['foo', 'foobar', 'hello', 'helloworld', 'baz'])
    expect(status.operators.find(({ operator }) => operator === 'concat')?.keys).toBe(1)
  })

  inBothForms('makes a new state with init for every key, and again after it was forgotten', async (collect) => {
    const made: unknown[] = []
    await collect((flow) => {
      flow
        .source('words', fromIterable(['a', 'b', 'a', 'a']))
        .keyLocal('word', (word) => word)
        .statefulMap(
          'count',
          (key) => {
            made.push(key)
            return 0
          },
          (count) => [count, count === 1 ? undefined : count + 1],
        )
        .discard('end')
    })
    expect(made).toEqual(['a', 'b', 'a'])
  })

  inBothForms('is called with (state, value, key, timestamp)', async (collect) => {
    const { out } = await collect((flow) => ({
      out: flow
        .source('words', fromIterable(['a', 'b']))
        .keyLocal('key', () => 'k')
        .statefulMap(
          'args',
          () => 's',
          (...args) => [args, args[0]],
        ),
    }))
    expect(out.values).toEqual([
      ['s', 'a', 'k', 0],
      ['s', 'b', 'k', 1],
    ])
  })

  inBothForms('keeps null, 0, false and the empty string as states', async (collect) => {
    for (const kept of [null, 0, false, '']) {
      const { out } = await collect((flow) => ({
        out: flow
          .source('n', fromIterable([1, 2]))
          .keyLocal('key', () => 'k')
          .statefulMap(
            'state',
            (): unknown => 'new',
            (state) => [state, kept],
          ),
      }))
      expect(out.values).toEqual(['new', kept])
    }
  })
})
