import { type Flow, fromIterable, periodic } from '@malstrom/operators'
import { errorOf, inBothForms } from '@malstrom/testing'
import { describe, expect, it } from 'vitest'

const timed = (flow: Flow, values: readonly number[]) => flow.source('n', fromIterable(values)).assignTimestamps('times', (n) => n)
const each = <T>(_value: unknown, timestamp: T) => timestamp

// Epochs by milliseconds are tested in the runtime, where the test decides what time it is.
describe('periodic', () => {
  inBothForms('emits the latest proposal after so many records', async (collect) => {
    const { onTime } = await collect((flow) =>
      timed(flow, [1, 2, 3, 4, 5, 6, 7]).generateEpochs('epochs', periodic({ everyRecords: 3 }, each)),
    )
    expect(onTime.events).toEqual([1, 2, 3, 'E3', 4, 5, 6, 'E6', 7, 'EInfinity'])
  })

  inBothForms('calls a record late by the last epoch that was emitted, not by proposals', async (collect) => {
    const { onTime, late } = await collect((flow) =>
      timed(flow, [5, 1, 2, 3, 4, 9]).generateEpochs('epochs', periodic({ everyRecords: 3 }, each)),
    )
    expect(onTime.events).toEqual([5, 1, 2, 'E5', 9, 'E9', 'EInfinity'])
    expect(late.events).toEqual([3, 4, 'EInfinity'])
  })

  inBothForms('counts late records too, and emits nothing where no proposal is after the last epoch', async (collect) => {
    const { onTime, late } = await collect((flow) =>
      timed(flow, [5, 6, 1, 2, 7, 8]).generateEpochs('epochs', periodic({ everyRecords: 2 }, each)),
    )
    expect(onTime.events).toEqual([5, 6, 'E6', 7, 8, 'E8', 'EInfinity'])
    expect(late.values).toEqual([1, 2])
  })

  inBothForms('gives the generator the last epoch that was emitted', async (collect) => {
    const previous: unknown[] = []
    await collect((flow) =>
      timed(flow, [1, 2, 3]).generateEpochs(
        'epochs',
        periodic({ everyRecords: 2 }, (_value: number, timestamp: number, last: number | undefined) => {
          previous.push(last)
          return timestamp
        }),
      ),
    )
    expect(previous).toEqual([undefined, undefined, 2])
  })

  inBothForms('passes on epochs that come in, and proposes nothing before them', async (collect) => {
    const { onTime } = await collect((flow) =>
      timed(flow, [1, 2, 3, 4])
        .generateEpochs('first', (n) => (n === 2 ? 2 : undefined))
        .onTime.generateEpochs(
          'second',
          periodic({ everyRecords: 3 }, (n: number) => n - 1),
        ),
    )
    expect(onTime.events).toEqual([1, 2, 'E2', 3, 4, 'EInfinity'])
  })

  inBothForms('refuses a proposal that is no timestamp', async (collect) => {
    const error = await errorOf(
      collect((flow) =>
        timed(flow, [1]).generateEpochs(
          'wrong',
          periodic({ everyRecords: 9 }, () => Number.NaN),
        ),
      ),
    )
    expect(error).toMatchObject({ code: 'ERR_TIMESTAMP_INVALID', context: { operator: 'wrong', timestamp: 1 } })
  })

  it('refuses a period that is none', () => {
    const options = [
      {},
      { everyRecords: 0 },
      { everyRecords: 1.5 },
      { everyRecords: Number.NaN },
      { everyMs: 0 },
      { everyMs: -1 },
      { everyMs: 2 ** 31 },
    ]
    for (const option of options) {
      expect(() => periodic(option, each)).toThrow(expect.objectContaining({ code: 'ERR_OPERATOR_ARGUMENT' }))
    }
  })

  it('refuses a generator that is no function', () => {
    expect(() => periodic({ everyRecords: 1 }, undefined as never)).toThrow(expect.objectContaining({ code: 'ERR_OPERATOR_ARGUMENT' }))
  })
})
