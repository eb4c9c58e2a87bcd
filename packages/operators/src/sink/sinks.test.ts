import { forEach, fromIterable, type SinkRecord, toArray, toArrayOfRecords } from '@malstrom/operators'
import { errorOf, inBothForms } from '@malstrom/testing'
import { describe, expect } from 'vitest'

describe('toArray and toArrayOfRecords', () => {
  inBothForms('push every value, or every record as a whole', async (collect) => {
    const values: number[] = ['before' as unknown as number]
    const plain: SinkRecord<number, undefined, number>[] = []
    const keyed: SinkRecord<number, string, number>[] = []
    await collect((flow) => {
      const n = flow.source('n', fromIterable([7, 8]))
      n.sink('values', toArray(values))
      n.sink('plain', toArrayOfRecords(plain))
      n.keyLocal('key', String).sink('keyed', toArrayOfRecords(keyed))
    })
    expect(values).toEqual(['before', 7, 8])
    expect(plain).toEqual([
      { key: undefined, value: 7, timestamp: 0 },
      { key: undefined, value: 8, timestamp: 1 },
    ])
    expect(keyed.map(({ key }) => key)).toEqual(['7', '8'])
  })
})

describe('forEach', () => {
  inBothForms('is called with (value, key, timestamp) for every record, in order', async (collect) => {
    const calls: unknown[][] = []
    await collect((flow) => {
      flow
        .source('n', fromIterable(['a', 'b']))
        .keyLocal('key', (letter) => letter.toUpperCase())
        .sink(
          'each',
          forEach((...args) => void calls.push(args)),
        )
    })
    expect(calls).toEqual([
      ['a', 'A', 0],
      ['b', 'B', 1],
    ])
  })

  for (const [which, at] of [
    ['the first', 0],
    ['a later', 2],
  ] as const) {
    inBothForms(`fails the job with what it throws at ${which} record, and names key and timestamp`, async (collect) => {
      const error = await errorOf(
        collect((flow) => {
          flow
            .source('n', fromIterable([10, 11, 12]))
            .keyLocal('key', (n) => `k${n}`)
            .sink(
              'each',
              forEach((_value, _key, timestamp) => {
                if (timestamp === at) throw new Error('no room')
              }),
            )
        }),
      )
      expect(error).toMatchObject({ code: 'ERR_SINK_FAILED', context: { operator: 'each', key: `k1${at}`, timestamp: at } })
      expect(error.message).toMatch(new RegExp(`Sink "each" \\(sinks.test.ts:\\d+\\) failed at key "k1${at}", timestamp ${at}: no room`))
    })
  }
})

describe('discard', () => {
  inBothForms('drops every record, and counts it', async (collect) => {
    const { status } = await collect((flow) => {
      flow.source('n', fromIterable([1, 2, 3])).discard('end')
    })
    expect(status).toMatchObject({ state: 'finished', recordsIn: 3, recordsOut: 3 })
  })
})
