import { type Emit, fromIterable } from '@malstrom/operators'
import { errorOf, inBothForms } from '@malstrom/testing'
import { describe, expect } from 'vitest'

describe('flatMapEmit', () => {
  inBothForms('passes on what is emitted, in order, with the timestamp of the record', async (collect) => {
    const { out } = await collect((flow) => ({
      out: flow.source('n', fromIterable([2, 0, 1])).flatMapEmit('count', (n, emit: Emit<number>) => {
        for (let i = 0; i < n; i++) emit(i)
      }),
    }))
    expect(out.records.map(({ value, timestamp }) => [value, timestamp])).toEqual([
      [0, 0],
      [1, 0],
      [0, 2],
    ])
  })

  inBothForms('sees the key of a keyed stream, and keeps it', async (collect) => {
    const { out } = await collect((flow) => ({
      out: flow
        .source('n', fromIterable([7, 8]))
        .keyLocal('key', (n) => `k${n}`)
        .flatMapEmit('args', (value, emit: Emit<unknown>, key, timestamp) => emit([value, key, timestamp])),
    }))
    expect(out.records).toEqual([
      { key: 'k7', value: [7, 'k7', 0], timestamp: 0 },
      { key: 'k8', value: [8, 'k8', 1], timestamp: 1 },
    ])
  })

  inBothForms('nests: the inner one does not disturb the outer one', async (collect) => {
    const twice = (n: number, emit: Emit<number>) => {
      emit(n)
      emit(n + 1)
    }
    const { out } = await collect((flow) => ({
      out: flow
        .source('n', fromIterable([10, 20]))
        .flatMapEmit('outer', twice)
        .flatMapEmit('inner', twice),
    }))
    expect(out.records.map(({ value, timestamp }) => [value, timestamp])).toEqual([
      [10, 0],
      [11, 0],
      [11, 0],
      [12, 0],
      [20, 1],
      [21, 1],
      [21, 1],
      [22, 1],
    ])
  })

  inBothForms('names the operator that failed, whether it is this one or one behind it', async (collect) => {
    const run = (failing: 'emits' | 'behind') =>
      errorOf(
        collect((flow) => {
          flow
            .source('n', fromIterable([5]))
            .flatMapEmit('emits', (n, emit: Emit<number>) => {
              emit(n)
              if (failing === 'emits') throw new Error('after the first element')
            })
            .map('behind', (n) => {
              if (failing === 'behind') throw new Error('no')
              return n
            })
            .discard('end')
        }),
      )
    expect((await run('emits')).context).toMatchObject({ operator: 'emits', timestamp: 0 })
    expect((await run('behind')).context).toMatchObject({ operator: 'behind', timestamp: 0 })
  })
})
