import { bigintTime, dateTime } from '@malstrom/core'
import { fromIterable, limitOutOfOrderness } from '@malstrom/operators'
import { inBothForms } from '@malstrom/testing'
import { describe, expect } from 'vitest'

const each = <T>(_value: unknown, timestamp: T) => timestamp
const never = () => undefined

describe('assignTimestamps', () => {
  inBothForms('replaces the timestamps, which its function sees', async (collect) => {
    const { out } = await collect((flow) => ({
      out: flow
        .source('n', fromIterable([10, 20]))
        .assignTimestamps('times', (value, timestamp) => value + timestamp)
        .generateEpochs('epochs', never).onTime,
    }))
    expect(out.records.map(({ value, timestamp }) => [value, timestamp])).toEqual([
      [10, 10],
      [20, 21],
    ])
  })

  inBothForms('keeps keys, and sees them', async (collect) => {
    const { out } = await collect((flow) => ({
      out: flow
        .source('n', fromIterable([1]))
        .keyLocal('key', () => 100)
        .assignTimestamps('times', (value, key, timestamp) => value + key + timestamp)
        .generateEpochs('epochs', never).onTime,
    }))
    expect(out.records).toEqual([{ key: 100, value: 1, timestamp: 101 }])
  })

  inBothForms('drops all epochs but the end: a second one removes all that were generated before it', async (collect) => {
    const { before, after } = await collect((flow) => {
      const before = flow
        .source('n', fromIterable([1, 2, 3]))
        .assignTimestamps('first', (n) => n)
        .generateEpochs('epochs', each).onTime
      return { before, after: before.assignTimestamps('second', (n) => n * 10).generateEpochs('none', never).onTime }
    })
    expect(before.events).toEqual([1, 'E1', 2, 'E2', 3, 'E3', 'EInfinity'])
    expect(after.events).toEqual([1, 2, 3, 'EInfinity'])
    expect(after.records.map(({ timestamp }) => timestamp)).toEqual([10, 20, 30])
  })

  inBothForms('changes the type of the timestamps: to bigints, to dates, to a type of the user', async (collect) => {
    type Version = readonly [major: number, minor: number]
    const compare = (a: Version, b: Version) => a[0] - b[0] || a[1] - b[1]
    const versions = {
      min: [Number.NEGATIVE_INFINITY, 0] as Version,
      max: [Number.POSITIVE_INFINITY, 0] as Version,
      compare,
      merge: (a: Version, b: Version) => (compare(a, b) <= 0 ? a : b),
    }
    const { big, dated, own } = await collect((flow) => {
      const n = flow.source('n', fromIterable([3, 1]))
      const own = n.assignTimestamps('own', (value): Version => [value, value], versions).generateEpochs('own epochs', each)
      own.onTime.discard('on time')
      return {
        big: n.assignTimestamps('big', (value) => BigInt(value), bigintTime).generateEpochs('big epochs', each).onTime,
        dated: n.assignTimestamps('dated', (value) => new Date(value), dateTime).generateEpochs('dated epochs', limitOutOfOrderness(2))
          .onTime,
        own: own.late,
      }
    })
    expect(big.records).toEqual([{ key: undefined, value: 3, timestamp: 3n }])
    expect(big.epochs).toEqual([3n, bigintTime.max])
    expect(dated.records.map(({ timestamp }) => timestamp)).toEqual([new Date(3)])
    expect(dated.epochs).toEqual([new Date(1), dateTime.max])
    expect(own.records).toEqual([{ key: undefined, value: 1, timestamp: [1, 1] }])
    expect(own.epochs).toEqual([versions.max])
  })
})
