import { fromIterable } from '@malstrom/operators'
import { inBothForms } from '@malstrom/testing'
import { describe, expect } from 'vitest'

describe('reduce', () => {
  inBothForms('emits the first value of a key as it is, then the combination of all so far', async (collect) => {
    const { out } = await collect((flow) => ({
      out: flow
        .source('n', fromIterable([3, 10, 1, 20]))
        .keyLocal('size', (n) => (n >= 10 ? 'large' : 'small'))
        .reduce('max', (a, b) => Math.max(a, b)),
    }))
    expect(out.records.map(({ key, value }) => [key, value])).toEqual([
      ['small', 3],
      ['large', 10],
      ['small', 3],
      ['large', 20],
    ])
  })

  inBothForms('is called with (accumulated, value, key, timestamp), not for the first value', async (collect) => {
    const calls: unknown[][] = []
    await collect((flow) => {
      flow
        .source('letters', fromIterable(['a', 'b', 'c']))
        .keyLocal('key', () => 'k')
        .reduce('join', (...args) => {
          calls.push(args)
          return args[0] + args[1]
        })
        .discard('end')
    })
    expect(calls).toEqual([
      ['a', 'b', 'k', 1],
      ['ab', 'c', 'k', 2],
    ])
  })
})
