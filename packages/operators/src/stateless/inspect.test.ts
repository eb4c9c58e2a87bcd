import { fromIterable } from '@malstrom/operators'
import { inBothForms } from '@malstrom/testing'
import { describe, expect } from 'vitest'

describe('inspect', () => {
  inBothForms('sees every record, and where it runs, and passes it on unchanged', async (collect) => {
    const seen: unknown[][] = []
    const { out } = await collect((flow) => ({
      out: flow.source('letters', fromIterable(['a', 'b'])).inspect('look', (...args) => void seen.push(args)),
    }))
    const info = { workerId: 0, operatorName: 'look' }
    expect(seen).toEqual([
      ['a', 0, info],
      ['b', 1, info],
    ])
    expect(out.values).toEqual(['a', 'b'])
  })

  inBothForms('sees the key of a keyed stream, and keeps it', async (collect) => {
    const seen: unknown[][] = []
    const { out } = await collect((flow) => ({
      out: flow
        .source('letters', fromIterable(['a']))
        .keyLocal('key', () => 1)
        .inspect('look', (...args) => void seen.push(args)),
    }))
    expect(seen).toEqual([['a', 1, 0, { workerId: 0, operatorName: 'look' }]])
    expect(out.records).toEqual([{ key: 1, value: 'a', timestamp: 0 }])
  })

  inBothForms('does not see epochs', async (collect) => {
    let calls = 0
    await collect((flow) => ({ out: flow.source('none', fromIterable([])).inspect('look', () => void calls++) }))
    expect(calls).toBe(0)
  })
})
