import { fromIterable } from '@malstrom/operators'
import { inBothForms } from '@malstrom/testing'
import { describe, expect } from 'vitest'

describe('inspectFrontier', () => {
  inBothForms('sees every epoch including the one that ends the stream, and where it runs', async (collect) => {
    const seen: unknown[][] = []
    const { out } = await collect((flow) => ({
      out: flow
        .source('n', fromIterable([1, 2]))
        .generateEpochs('each', (_value, timestamp) => timestamp)
        .onTime.inspectFrontier('look', (...args) => void seen.push(args)),
    }))
    const info = { workerId: 0, operatorName: 'look' }
    expect(seen).toEqual([
      [0, info],
      [1, info],
      [Number.POSITIVE_INFINITY, info],
    ])
    expect(out.events).toEqual([1, 'E0', 2, 'E1', 'EInfinity'])
  })

  inBothForms('sees only the end on a stream without generated epochs', async (collect) => {
    const { out } = await collect((flow) => ({ out: flow.source('n', fromIterable([1, 2])) }))
    expect(out.events).toEqual([1, 2, 'EInfinity'])
  })
})
