import { numberTime } from '@malstrom/core'
import {
  defineJob,
  everyCount,
  everyMs,
  type Flow,
  fromIterable,
  global,
  session,
  type Trigger,
  tumbling,
  type WindowedStream,
} from '@malstrom/operators'
import { errorOf, inBothForms, taskForms, testJob, testSink, testSource } from '@malstrom/testing'
import { describe, expect, it } from 'vitest'

type Sums = WindowedStream<number, number, number, true>

/** The sums of 1, 2, 3 and so on; the timestamp of each number is itself. */
const sum = (windowed: Sums) => windowed.aggregate('w', { init: () => 0, add: (total, n) => total + n, merge: (a, b) => a + b })

describe('triggers', () => {
  const numbers = (flow: Flow, count: number) =>
    flow
      .source('in', fromIterable(Array.from({ length: count }, (_, n) => n + 1)))
      .keyLocal('one', () => 0)
      .assignTimestamps('t', (n) => n)
      .generateEpochs('epochs', (n) => n).onTime

  inBothForms('everyCount fires early with all records so far, and the end only with records that came since', async (collect) => {
    const { out } = await collect((flow) => ({
      out: sum(numbers(flow, 7).window(global()).trigger(everyCount(2)) as unknown as Sums),
    }))
    expect(out.values).toEqual([3, 10, 21, 28])
    expect(out.records.at(-1)?.timestamp).toBe(Number.POSITIVE_INFINITY)
    const even = await collect((flow) => ({
      out: sum(numbers(flow, 4).window(global()).trigger(everyCount(2)) as unknown as Sums),
    }))
    expect(even.out.values).toEqual([3, 10])
  })

  inBothForms('discarding windows start anew after each firing', async (collect) => {
    const { out } = await collect((flow) => ({
      out: sum(numbers(flow, 7).window(global()).trigger(everyCount(2)).discarding() as unknown as Sums),
    }))
    expect(out.values).toEqual([3, 7, 11, 7])
  })

  inBothForms('count for each window by itself, and results carry the last timestamp of their windows', async (collect) => {
    const { out } = await collect((flow) => ({
      out: sum(numbers(flow, 7).window(tumbling(4)).trigger(everyCount(2)) as unknown as Sums),
    }))
    expect(out.records.map(({ value, timestamp }) => [value, timestamp])).toEqual([
      [3, 3],
      [6, 3],
      [9, 7],
      [22, 7],
    ])
  })

  inBothForms('triggers of one’s own are given the record and its window', async (collect) => {
    const seen: unknown[] = []
    const trigger: Trigger<number, number> = {
      fires(pending, value, timestamp, window) {
        seen.push([pending, value, timestamp, window])
        return value === 2
      },
    }
    const { out } = await collect((flow) => ({
      out: sum(
        numbers(flow, 3)
          .window(session({ gap: 5 }))
          .trigger(trigger) as unknown as Sums,
      ),
    }))
    expect(out.values).toEqual([3, 6])
    expect(seen).toEqual([
      [1, 1, 1, { start: 1, end: 6 }],
      [2, 2, 2, { start: 1, end: 7 }],
      [1, 3, 3, { start: 1, end: 8 }],
    ])
  })

  it('refuse counts that make no sense', () => {
    expect(() => everyCount(0)).toThrow(/everyCount needs a whole number above 0, not 0/)
    expect(() => everyCount(1.5)).toThrow(/not 1.5/)
    expect(() => everyMs(0)).toThrow(/everyMs needs a number of milliseconds above 0, not 0/)
  })

  it.each(taskForms)(
    'everyMs fires after a while of processing time, also after a crash, and no window without new records (%s)',
    async (tasks) => {
      const missing = () => {
        throw new Error('the real one is not opened')
      }
      const source = testSource<number>()
      const out = testSink<string, string>()
      const job = defineJob({
        name: 'early',
        module: import.meta.url,
        build(flow) {
          flow
            .source('in', { time: numberTime, listPartitions: missing, openPartition: missing })
            .keyLocal('parity', (n) => ((n as number) % 2 === 0 ? 'even' : 'odd'))
            .window(tumbling(100))
            .trigger(everyMs(1_000))
            .process('w', (values, { start }, key) => `${key} from ${start}: ${values.join(' ')}`)
            .sink('out', { openPartition: missing })
        },
      })
      await using test = await testJob(job, {
        sources: { in: source },
        sinks: { out },
        tasks,
        snapshotIntervalMs: Number.POSITIVE_INFINITY,
      })
      const values = () => out.records.map(({ value }) => value)
      source.push(1, 1).push(2, 2)
      await test.advanceBy(400)
      source.push(3, 3).push(101, 101)
      await test.advanceBy(599)
      expect(values()).toEqual([])
      await test.advanceBy(1)
      expect(values()).toEqual(['odd from 0: 1 3', 'even from 0: 2', 'odd from 100: 101'])
      await test.advanceBy(5_000)
      expect(values()).toHaveLength(3)
      source.push(5, 5)
      await test.snapshot()
      test.crash()
      await test.start()
      await test.advanceBy(1_000)
      expect(values().slice(3)).toEqual(['odd from 0: 1 3 5'])
      await test.finish()
      // Everything has been said.
      expect(values()).toHaveLength(4)
    },
  )

  inBothForms('that are none are refused when the graph is built', async (collect) => {
    const error = await errorOf(
      collect((flow) => ({
        out: sum(
          numbers(flow, 1)
            .window(global())
            .trigger({} as never) as unknown as Sums,
        ),
      })),
    )
    expect(error.message).toMatch(/Operator "w".*a trigger has the method fires or the number everyMs/)
  })
})
