import { fromIterable } from '@malstrom/operators'
import { errorOf, inBothForms } from '@malstrom/testing'
import { describe, expect } from 'vitest'

describe('flatMap', () => {
  inBothForms('emits every element, with the timestamp of the record', async (collect) => {
    const { out } = await collect((flow) => ({
      out: flow.source('lines', fromIterable(['a b', '', 'c'])).flatMap('words', (line) => line.split(' ').filter((word) => word !== '')),
    }))
    expect(out.records).toEqual([
      { key: undefined, value: 'a', timestamp: 0 },
      { key: undefined, value: 'b', timestamp: 0 },
      { key: undefined, value: 'c', timestamp: 2 },
    ])
  })

  inBothForms('takes any iterable: a generator, a set, a string', async (collect) => {
    const { generated, sets, texts } = await collect((flow) => {
      const n = flow.source('n', fromIterable([2, 1]))
      return {
        generated: n.flatMap('generated', function* (count) {
          for (let i = 0; i < count; i++) yield i
        }),
        sets: n.flatMap('sets', (count) => new Set([count, count, 0])),
        texts: n.flatMap('texts', (count) => 'ab'.slice(0, count)),
      }
    })
    expect(generated.values).toEqual([0, 1, 0])
    expect(sets.values).toEqual([2, 0, 1, 0])
    expect(texts.values).toEqual(['a', 'b', 'a'])
  })

  inBothForms('is lazy: an element has passed the rest of the chain before the next one is asked for', async (collect) => {
    const steps: string[] = []
    await collect((flow) => {
      flow
        .source('n', fromIterable([1]))
        .flatMap('two', function* () {
          steps.push('make a')
          yield 'a'
          steps.push('make b')
          yield 'b'
        })
        .inspect('see', (value) => void steps.push(`see ${value}`))
        .discard('end')
    })
    expect(steps).toEqual(['make a', 'see a', 'make b', 'see b'])
  })

  inBothForms('nests: each level has elements of its own', async (collect) => {
    const { out } = await collect((flow) => ({
      out: flow
        .source('n', fromIterable([1, 2]))
        .flatMap('tens', (n) => [n * 10, n * 10 + 1])
        .flatMap('twice', (n) => [n, -n]),
    }))
    expect(out.values).toEqual([10, -10, 11, -11, 20, -20, 21, -21])
  })

  inBothForms('sees the key of a keyed stream, and keeps it', async (collect) => {
    const { out } = await collect((flow) => ({
      out: flow
        .source('n', fromIterable([7]))
        .keyLocal('key', () => 'k')
        .flatMap('args', (value, key, timestamp) => [value, key, timestamp]),
    }))
    expect(out.records.map(({ key, value }) => [key, value])).toEqual([
      ['k', 7],
      ['k', 'k'],
      ['k', 0],
    ])
  })

  inBothForms('refuses what cannot be iterated, and names the operator', async (collect) => {
    const error = await errorOf(
      collect((flow) => ({ out: flow.source('n', fromIterable([5])).flatMap('broken', (n) => n as unknown as number[]) })),
    )
    expect(error).toMatchObject({ code: 'ERR_OPERATOR_ARGUMENT', context: { operator: 'broken', timestamp: 0 } })
    expect(error.message).toMatch(/"broken".*not.*iterable/)
  })

  inBothForms('is asked for no more elements after the rest of the chain has failed', async (collect) => {
    let closed = 0
    const error = await errorOf(
      collect((flow) => {
        flow
          .source('n', fromIterable([5]))
          .flatMap('elements', function* () {
            try {
              yield 1
              yield 2
            } finally {
              closed++
            }
          })
          .map('fails', () => {
            throw new Error('no')
          })
          .discard('end')
      }),
    )
    expect(error.context.operator).toBe('fails')
    expect(closed).toBe(1)
  })
})

describe('flatten', () => {
  inBothForms('emits each element with the key and the timestamp of the whole', async (collect) => {
    const { plain, keyed } = await collect((flow) => {
      const lists = flow.source('lists', fromIterable([[1, 2], [], [3, 4], [5]]))
      return { plain: lists.flatten('plain'), keyed: lists.keyLocal('length', (list) => list.length).flatten('keyed') }
    })
    expect(plain.records.map(({ value, timestamp }) => [value, timestamp])).toEqual([
      [1, 0],
      [2, 0],
      [3, 2],
      [4, 2],
      [5, 3],
    ])
    expect(keyed.records.map(({ key, value }) => [key, value])).toEqual([
      [2, 1],
      [2, 2],
      [2, 3],
      [2, 4],
      [1, 5],
    ])
  })
})
