import { bigintTime, dateTime, type TimestampAlgebra } from '@malstrom/core'
import { type EpochGenerator, type Flow, fromIterable } from '@malstrom/operators'
import { errorOf, inBothForms } from '@malstrom/testing'
import { describe, expect } from 'vitest'

const MAX = Number.POSITIVE_INFINITY
const range = (start: number, end: number) => Array.from({ length: end - start }, (_, n) => start + n)
const each = <T>(_value: unknown, timestamp: T) => timestamp

/** A stream of numbers that are their own timestamps. */
const timed = (flow: Flow, values: readonly number[]) => flow.source('n', fromIterable(values)).assignTimestamps('times', (n) => n)

describe('generateEpochs', () => {
  inBothForms('emits what the generator makes of the record and of the last epoch', async (collect) => {
    const { onTime } = await collect((flow) =>
      timed(flow, range(0, 10)).generateEpochs('sums', (_value, timestamp, previous) => timestamp + (previous ?? 0)),
    )
    expect(onTime.epochs).toEqual([0, 1, 3, 6, 10, 15, 21, 28, 36, 45, MAX])
  })

  inBothForms('ignores undefined, and what is not after the last epoch', async (collect) => {
    const { onTime } = await collect((flow) =>
      timed(flow, range(0, 6)).generateEpochs('some', (_value, timestamp) =>
        timestamp === 3 ? 2 : timestamp === 1 ? undefined : timestamp,
      ),
    )
    expect(onTime.epochs).toEqual([0, 2, 4, 5, MAX])
  })

  inBothForms('emits an epoch after the record that led to it', async (collect) => {
    const { onTime } = await collect((flow) => timed(flow, [1, 2, 3]).generateEpochs('each', each))
    expect(onTime.events).toEqual([1, 'E1', 2, 'E2', 3, 'E3', 'EInfinity'])
  })

  inBothForms('calls a record late if it is not after the epoch before its own', async (collect) => {
    const { onTime, late, status } = await collect((flow) => timed(flow, [...range(5, 10), ...range(0, 5)]).generateEpochs('each', each))
    expect(onTime.values).toEqual([5, 6, 7, 8, 9])
    expect(late.values).toEqual([0, 1, 2, 3, 4])
    expect(late.records.map(({ timestamp }) => timestamp)).toEqual([0, 1, 2, 3, 4])
    expect(status.late).toBe(5)
    expect(status.operators.find(({ operator }) => operator === 'each')?.late).toBe(5)
  })

  inBothForms('tells the late stream only of the end', async (collect) => {
    const { late } = await collect((flow) => timed(flow, [5, 1, 6, 2]).generateEpochs('each', each))
    expect(late.events).toEqual([1, 2, 'EInfinity'])
  })

  inBothForms('calls a record late that has the timestamp of the last epoch, and the first one never', async (collect) => {
    const { onTime, late } = await collect((flow) => timed(flow, [3, 3, 4, 3]).generateEpochs('each', each))
    expect(onTime.values).toEqual([3, 4])
    expect(late.values).toEqual([3, 3])
  })

  inBothForms('does not call a record late because of the epoch that it leads to itself', async (collect) => {
    const { onTime, late } = await collect((flow) => timed(flow, [1, 5, 12]).generateEpochs('ahead', (n) => n + 5))
    expect(onTime.values).toEqual([1, 12])
    expect(late.values).toEqual([5])
    expect(onTime.epochs).toEqual([6, 10, 17, MAX])
  })

  inBothForms('asks the generator about late records too, with the last epoch', async (collect) => {
    const asked: unknown[] = []
    await collect((flow) =>
      timed(flow, [5, 1, 7]).generateEpochs('each', (value, timestamp, previous) => {
        asked.push([value, timestamp, previous])
        return timestamp
      }),
    )
    expect(asked).toEqual([
      [5, 5, undefined],
      [1, 1, 5],
      [7, 7, 5],
    ])
  })

  inBothForms('passes on epochs that come in where they are after the last one', async (collect) => {
    const { first, second } = await collect((flow) => {
      const first = timed(flow, [1, 2, 3]).generateEpochs('first', each).onTime
      return { first, second: first.generateEpochs('second', (n) => (n === 1 ? 2 : undefined)).onTime }
    })
    expect(first.epochs).toEqual([1, 2, 3, MAX])
    // 2 came before 1 did; record 2 is late for the second one.
    expect(second.events).toEqual([1, 'E2', 3, 'E3', 'EInfinity'])
  })

  inBothForms('takes negative infinity and infinity for epochs like any other', async (collect) => {
    const { onTime, late } = await collect((flow) => timed(flow, [1, 2, 3]).generateEpochs('end', (n) => (n === 2 ? MAX : -MAX)))
    expect(onTime.events).toEqual([1, 'E-Infinity', 2, 'EInfinity'])
    expect(late.events).toEqual([3, 'EInfinity'])
  })

  inBothForms('keeps keys on both streams', async (collect) => {
    const { onTime, late } = await collect((flow) =>
      flow
        .source('n', fromIterable([5, 1]))
        .keyLocal('key', (n) => `k${n}`)
        .assignTimestamps('times', (n) => n)
        .generateEpochs('each', each),
    )
    expect([onTime.records[0]?.key, late.records[0]?.key]).toEqual(['k5', 'k1'])
  })

  inBothForms('may leave the late stream unread: late records are dropped and counted', async (collect) => {
    const { out, status } = await collect((flow) => ({ out: timed(flow, [5, 1]).generateEpochs('each', each).onTime }))
    expect(out.values).toEqual([5])
    expect(status.late).toBe(1)
  })

  const algebras: readonly [string, TimestampAlgebra<unknown>, (n: number) => unknown][] = [
    ['bigints', bigintTime as TimestampAlgebra<unknown>, BigInt],
    ['dates', dateTime as TimestampAlgebra<unknown>, (n) => new Date(n)],
  ]
  for (const [name, time, of] of algebras) {
    inBothForms(`works the same with ${name}`, async (collect) => {
      const { onTime, late } = await collect((flow) =>
        flow
          .source('n', fromIterable([5, 6, 2, 6, 7]))
          .assignTimestamps('times', of, time)
          .generateEpochs('each', each),
      )
      expect(onTime.values).toEqual([5, 6, 7])
      expect(onTime.epochs).toEqual([of(5), of(6), of(7), time.max])
      expect(late.values).toEqual([2, 6])
      expect(late.epochs).toEqual([time.max])
    })
  }

  const wrong: readonly [string, EpochGenerator<number, number>][] = [
    ['NaN', () => Number.NaN],
    ['a string', () => '5' as unknown as number],
    ['a date', () => new Date(5) as unknown as number],
  ]
  for (const [name, generator] of wrong) {
    inBothForms(`refuses ${name} as an epoch`, async (collect) => {
      const error = await errorOf(collect((flow) => timed(flow, [1]).generateEpochs('wrong', generator)))
      expect(error).toMatchObject({ code: 'ERR_TIMESTAMP_INVALID', context: { operator: 'wrong', timestamp: 1 } })
      expect(error.message).toMatch(/"wrong".*epoch generator returned.*no timestamp\. Return undefined for no epoch/)
    })
  }
})
