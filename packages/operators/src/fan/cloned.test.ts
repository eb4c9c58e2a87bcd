import { fromIterable } from '@malstrom/operators'
import { inBothForms } from '@malstrom/testing'
import { describe, expect } from 'vitest'

describe('cloned', () => {
  inBothForms('sends every record to every stream', async (collect) => {
    const { a, b, c } = await collect((flow) => {
      const [a, b, c] = flow.source('n', fromIterable([1, 2, 3])).cloned('copies', 3)
      return { a, b: b.map('ten', (n) => n * 10), c }
    })
    expect(a.values).toEqual([1, 2, 3])
    expect(b.values).toEqual([10, 20, 30])
    expect(c.records.map(({ timestamp }) => timestamp)).toEqual([0, 1, 2])
  })

  inBothForms('shares the values instead of copying them', async (collect) => {
    const value = { n: 1 }
    const { a, b } = await collect((flow) => {
      const [a, b] = flow.source('n', fromIterable([value])).cloned('copies', 2)
      return { a, b }
    })
    expect(a.values[0]).toBe(value)
    expect(b.values[0]).toBe(value)
  })

  inBothForms('sends every epoch to every stream, and keeps keys', async (collect) => {
    const { a, b } = await collect((flow) => {
      const { onTime } = flow
        .source('n', fromIterable([5]))
        .keyLocal('key', () => 'k')
        .generateEpochs('each', (_value, timestamp) => timestamp)
      const [a, b] = onTime.cloned('copies', 2)
      return { a, b }
    })
    for (const { events, records } of [a, b]) {
      expect(events).toEqual([5, 'E0', 'EInfinity'])
      expect(records[0]?.key).toBe('k')
    }
  })

  inBothForms('makes a single stream, or two hundred', async (collect) => {
    const outputs = await collect((flow) => {
      const n = flow.source('n', fromIterable([1, 2]))
      const [one] = n.cloned('one', 1)
      const many = n.cloned('many', 200)
      return { one, ...Object.fromEntries(many.map((stream, index) => [`many ${index}`, stream])) }
    })
    expect(outputs.one.values).toEqual([1, 2])
    const { status, ...streams } = outputs
    expect(Object.values(streams)).toHaveLength(201)
    for (const { values } of Object.values(streams)) expect(values).toEqual([1, 2])
    expect(status.recordsOut).toBe(402)
  })
})
