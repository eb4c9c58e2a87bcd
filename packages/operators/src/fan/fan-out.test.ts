import { fromIterable } from '@malstrom/operators'
import { inBothForms } from '@malstrom/testing'
import { describe, expect } from 'vitest'

describe('a stream that is read several times', () => {
  inBothForms('gives every reader every record and every epoch', async (collect) => {
    const { even, doubled, same } = await collect((flow) => {
      const { onTime } = flow.source('n', fromIterable([1, 2])).generateEpochs('each', (_value, timestamp) => timestamp)
      return { even: onTime.filter('even', (n) => n % 2 === 0), doubled: onTime.map('double', (n) => n * 2), same: onTime }
    })
    expect(even.events).toEqual(['E0', 2, 'E1', 'EInfinity'])
    expect(doubled.events).toEqual([2, 'E0', 4, 'E1', 'EInfinity'])
    expect(same.events).toEqual([1, 'E0', 2, 'E1', 'EInfinity'])
  })

  inBothForms('passes a record to its readers in the order in which they were written down', async (collect) => {
    const order: string[] = []
    await collect((flow) => {
      const n = flow.source('n', fromIterable([1, 2]))
      n.inspect('first', (value) => void order.push(`first ${value}`)).discard('end of first')
      n.inspect('second', (value) => void order.push(`second ${value}`)).discard('end of second')
    })
    expect(order).toEqual(['first 1', 'second 1', 'first 2', 'second 2'])
  })

  inBothForms('reads its source once', async (collect) => {
    let pulled = 0
    const { a, b, status } = await collect((flow) => {
      const n = flow.source(
        'n',
        fromIterable(function* () {
          for (; pulled < 3; pulled++) yield pulled
        }),
      )
      return { a: n, b: n }
    })
    expect(pulled).toBe(3)
    expect(a.values).toEqual([0, 1, 2])
    expect(b.values).toEqual([0, 1, 2])
    expect(status.recordsIn).toBe(3)
  })

  inBothForms('has state of its own in every reader', async (collect) => {
    const { sum, count } = await collect((flow) => {
      const keyed = flow.source('n', fromIterable([5, 6])).keyLocal('all', () => 0)
      return {
        sum: keyed.fold(
          'sum',
          () => 0,
          (s, n) => s + n,
        ),
        count: keyed.fold(
          'count',
          () => 0,
          (c) => c + 1,
        ),
      }
    })
    expect(sum.values).toEqual([5, 11])
    expect(count.values).toEqual([1, 2])
  })
})
