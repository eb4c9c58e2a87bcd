import { defineJob, limitOutOfOrderness, periodic } from '@malstrom/operators'
import { describe, expect, it } from 'vitest'
import { committedIn, errorOf, realSink, realSource, startSums } from '../fixtures/sums-job.ts'
import { testJob } from './test-job.ts'
import { testSink } from './test-sink.ts'
import { testSource } from './test-source.ts'

describe('virtual time', () => {
  it('takes snapshots at their interval', async () => {
    const { numbers, out, test } = await startSums()
    numbers.push(1, 1)
    await test.advanceBy(9_999)
    expect(committedIn(out)).toEqual([])
    await test.advanceTo(10_000)
    expect(committedIn(out)).toEqual([1])
    expect(test.status().snapshot).toBe(1)
    expect(test.nowMs).toBe(10_000)
    await test.advanceBy(60_000)
    expect(test.status().snapshot).toBe(7)
  })

  it('fires periodic epochs', async () => {
    const job = defineJob({
      name: 'epochs',
      module: import.meta.url,
      build: (flow) =>
        void flow
          .source('in', realSource)
          .generateEpochs('epochs', periodic({ everyMs: 1_000 }, limitOutOfOrderness(0)))
          .onTime.sink('out', realSink),
    })
    const source = testSource<number>()
    await using test = await testJob(job, { sources: { in: source }, sinks: { out: testSink() } })
    source.push(1, 5)
    await test.advanceTo(999)
    expect(test.status().frontier).toBeUndefined()
    await test.advanceTo(1_000)
    expect(test.status().frontier).toBe(5)
    source.push(2, 8)
    await test.settle()
    expect(test.status().frontier).toBe(5)
    await test.advanceBy(1_000)
    expect(test.status().frontier).toBe(8)
  })

  it('excludes partitions that are idle', async () => {
    const job = defineJob({
      name: 'idle',
      module: import.meta.url,
      build: (flow) =>
        void flow.source('in', realSource, { epochs: limitOutOfOrderness(0), idleAfterMs: 500 }).onTime.sink('out', realSink),
    })
    const source = testSource<number>({ partitions: ['a', 'b'] })
    await using test = await testJob(job, { sources: { in: source }, sinks: { out: testSink() } })
    source.partition('b').push(1, 1)
    source.partition('a').push(1, 3)
    await test.advanceTo(400)
    source.partition('a').push(2, 4)
    await test.advanceTo(499)
    expect(test.status().frontier).toBe(1)
    await test.advanceTo(500)
    expect(test.status().frontier).toBe(4)
    expect(test.status().sources).toMatchObject([
      { partition: 'a', excluded: false },
      { partition: 'b', excluded: true },
    ])
  })

  it('brings the restart of a job that has failed, and each failure is told once', async () => {
    let poison = 3
    const { numbers, out, test } = await startSums({ poison: () => poison })
    numbers.push(1, 1)
    await test.snapshot()
    numbers.push(3, 3)
    expect(await errorOf(test.settle())).toMatchObject({ code: 'ERR_OPERATOR_FAILED', message: expect.stringMatching(/3 is poison/) })
    expect(test.status().state).toBe('restarting')
    await test.settle()
    expect(test.failures).toHaveLength(1)
    expect(await errorOf(test.advanceBy(10))).toMatchObject({ code: 'ERR_OPERATOR_FAILED' })
    poison = 0
    await test.advanceBy(10_000)
    expect(test.status()).toMatchObject({ state: 'running', restarts: 2 })
    await test.finish()
    expect(committedIn(out)).toEqual([1, 4])
  })

  it('brings the end of a job that fails again and again', async () => {
    const { numbers, test } = await startSums({ poison: () => 3 })
    numbers.push(3, 3)
    expect(await errorOf(test.finish())).toMatchObject({ code: 'ERR_OPERATOR_FAILED' })
    expect(await errorOf(test.advanceBy(10_000))).toMatchObject({ code: 'ERR_OPERATOR_FAILED' })
    expect(test.status().state).toBe('failed')
    expect(test.failures).toHaveLength(11)
    expect(await errorOf(test.finish())).toMatchObject({ code: 'ERR_NOT_RUNNING', message: expect.stringMatching(/it is failed/) })
  })

  it('does not go back', async () => {
    const { test } = await startSums()
    await test.advanceTo(5)
    for (const ms of [4, Number.NaN, Number.POSITIVE_INFINITY])
      expect(await errorOf(test.advanceTo(ms))).toMatchObject({ code: 'ERR_OPERATOR_ARGUMENT' })
  })
})
