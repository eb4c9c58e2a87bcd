import { bigintTime, dateTime, type Output, type StatefulLogic, type StatelessLogic, type TimestampAlgebra } from '@malstrom/core'
import { fromIterable } from '@malstrom/operators'
import { errorOf, inBothForms } from '@malstrom/testing'
import { describe, expect } from 'vitest'

const each = <T>(_value: unknown, timestamp: T) => timestamp
type Out = Output<number, undefined, number>
type Logic = StatelessLogic<number, number, undefined, number>

describe('the output of a custom operator', () => {
  const breaking: readonly [string, Logic][] = [
    ['at the epoch after it has passed', { onData: (n, output: Out) => output.emit(n, undefined, n === 1 ? 1 : 1) }],
    ['before the epoch after it has passed', { onData: (n, output: Out) => output.emit(n, undefined, n === 1 ? 1 : -5) }],
  ]
  for (const [name, logic] of breaking) {
    inBothForms(`refuses a record ${name}`, async (collect) => {
      const error = await errorOf(
        collect((flow) => ({
          out: flow
            .source('n', fromIterable([1, 2]))
            .assignTimestamps('times', (n) => n)
            .generateEpochs('epochs', each)
            .onTime.statelessOp('breaks', logic),
        })),
      )
      expect(error).toMatchObject({ code: 'ERR_EPOCH_LAW', context: { operator: 'breaks', timestamp: 2 } })
      expect(error.message).toMatch(/"breaks" emitted a record at (1|-5) after its epoch 1 .*Emit it in onEpoch.*or with a later timestamp/)
    })
  }

  inBothForms('takes any timestamp before the first epoch, and records at or before an epoch in its onEpoch', async (collect) => {
    const logic: Logic = {
      onData: (n, output) => output.emit(n, undefined, n === 1 ? -1_000 : 1_000),
      onEpoch(epoch, output) {
        output.emit(-1, undefined, epoch)
        if (epoch === 1) output.emit(-2, undefined, Number.NEGATIVE_INFINITY)
      },
    }
    const { out } = await collect((flow) => ({
      out: flow
        .source('n', fromIterable([1, 2]))
        .assignTimestamps('times', (n) => n)
        .generateEpochs('epochs', each)
        .onTime.statelessOp('keeps', logic),
    }))
    expect(out.events).toEqual([1, -1, -2, 'E1', 2, -1, 'E2', -1, 'EInfinity'])
  })

  inBothForms('refuses in onEpoch what an earlier epoch has promised', async (collect) => {
    const logic: Logic = { onData: () => {}, onEpoch: (epoch, output) => output.emit(0, undefined, epoch === 2 ? 1 : epoch) }
    const error = await errorOf(
      collect((flow) => ({
        out: flow
          .source('n', fromIterable([1, 2]))
          .assignTimestamps('times', (n) => n)
          .generateEpochs('epochs', each)
          .onTime.statelessOp('breaks', logic),
      })),
    )
    expect(error).toMatchObject({ code: 'ERR_EPOCH_LAW', context: { operator: 'breaks', timestamp: 2 } })
  })

  inBothForms('holds stateful operators to the same', async (collect) => {
    const logic: StatefulLogic<string, number, number, number, number> = {
      init: () => 0,
      onData(value, state, output, key) {
        output.emit(value, key, 1)
        return state
      },
    }
    const error = await errorOf(
      collect((flow) => ({
        out: flow
          .source('n', fromIterable([1, 2]))
          .assignTimestamps('times', (n) => n)
          .generateEpochs('epochs', each)
          .onTime.keyLocal('key', () => 'k')
          .process('breaks', logic),
      })),
    )
    expect(error).toMatchObject({ code: 'ERR_EPOCH_LAW', context: { operator: 'breaks', key: 'k', timestamp: 2 } })
  })

  const times: readonly [string, TimestampAlgebra<unknown>, (n: number) => unknown][] = [
    ['bigints', bigintTime as TimestampAlgebra<unknown>, BigInt],
    ['dates', dateTime as TimestampAlgebra<unknown>, (n) => new Date(n)],
  ]
  for (const [name, time, of] of times) {
    inBothForms(`holds operators to it where timestamps are ${name}`, async (collect) => {
      const run = (second: number) =>
        collect((flow) => ({
          out: flow
            .source('n', fromIterable([5, 6]))
            .assignTimestamps('times', of, time)
            .generateEpochs('epochs', each)
            .onTime.statelessOp('op', (n, output: Output<number, undefined, unknown>) =>
              output.emit(n, undefined, of(n === 5 ? 5 : second)),
            ),
        }))
      expect((await run(6)).out.values).toEqual([5, 6])
      expect(await errorOf(run(5))).toMatchObject({ code: 'ERR_EPOCH_LAW' })
    })
  }

  const noTimestamps: readonly [string, unknown][] = [
    ['NaN', Number.NaN],
    ['undefined', undefined],
    ['null', null],
    ['an invalid date', new Date(Number.NaN)],
    ['a valid date', new Date(5)],
    ['a string', '5'],
    ['a bigint', 5n],
  ]
  for (const [name, timestamp] of noTimestamps) {
    inBothForms(`refuses ${name} as a number timestamp`, async (collect) => {
      const error = await errorOf(
        collect((flow) => ({
          out: flow.source('n', fromIterable([1])).process('wrong', (n, output: Out) => output.emit(n, undefined, timestamp as number)),
        })),
      )
      expect(error).toMatchObject({ code: 'ERR_TIMESTAMP_INVALID', context: { operator: 'wrong', timestamp: 0 } })
      expect(error.message).toMatch(/"wrong" emitted the timestamp/)
    })
  }

  inBothForms('refuses an invalid date as a date timestamp', async (collect) => {
    const error = await errorOf(
      collect((flow) => ({
        out: flow
          .source('n', fromIterable([1]))
          .assignTimestamps('times', () => new Date(0), dateTime)
          .generateEpochs('epochs', () => undefined)
          .onTime.process('wrong', (n, output: Output<number, undefined, Date>) => output.emit(n, undefined, new Date(Number.NaN))),
      })),
    )
    expect(error).toMatchObject({ code: 'ERR_TIMESTAMP_INVALID', context: { operator: 'wrong' } })
  })
})
