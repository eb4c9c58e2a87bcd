import { dateTime, type Source } from '@malstrom/core'
import { defineJob, fromAsyncIterable, fromIterable, limitOutOfOrderness } from '@malstrom/operators'
import { failpoints } from '@malstrom/runtime'
import { describe, expect, it } from 'vitest'
import { committedIn, errorOf, missing, realSink, realSource, startSums, sums, valuesOf } from '../fixtures/sums-job.ts'
import { testJob } from './test-job.ts'
import { testSink } from './test-sink.ts'
import { testSource } from './test-source.ts'

describe('a job under test', () => {
  it('does what it can when it settles, and nothing before', async () => {
    const { numbers, out, test } = await startSums()
    numbers.push(1, 10).push(2, 20).push(3, 30)
    expect(out.records).toEqual([])
    await test.settle()
    expect(out.records).toEqual([
      { value: 1, key: 'odd', timestamp: 10 },
      { value: 2, key: 'even', timestamp: 20 },
      { value: 4, key: 'odd', timestamp: 30 },
    ])
    expect(out.committed).toEqual([])
    expect(test.status()).toMatchObject({ state: 'running', recordsIn: 3, recordsOut: 3 })
    await test.finish()
    expect(committedIn(out)).toEqual([1, 2, 4])
    expect(test.status().state).toBe('finished')
  })

  it('reads partitions by their names, and takes times of other kinds from the source that is replaced', async () => {
    const dated: Source<string, Date> = { time: dateTime, listPartitions: missing, openPartition: missing }
    const job = defineJob({
      name: 'partitions',
      module: import.meta.url,
      build: (flow) => void flow.source('in', dated, { epochs: limitOutOfOrderness(1_000) }).onTime.sink('out', realSink),
    })
    const source = testSource({ like: dated, partitions: ['eu', 'us'] })
    const sink = testSink<string, undefined, Date>()
    await using test = await testJob(job, { sources: { in: source }, sinks: { out: sink } })
    source.partition('us').push('one', new Date(3_000))
    source.partition('eu').push('two', new Date(5_000))
    await test.settle()
    expect(test.status().frontier).toEqual(new Date(2_000))
    expect(sink.records.map(({ timestamp }) => timestamp)).toEqual([new Date(5_000), new Date(3_000)])
    expect(() => source.push('three', new Date(2))).toThrow(/"eu", "us".*partition\(name\)/)
    expect(() => source.partition('uss')).toThrow(/Did you mean us/)
    expect(test.status().sources).toMatchObject([
      { partition: 'eu', recordsIn: 1 },
      { partition: 'us', recordsIn: 1 },
    ])
  })

  it('continues after a crash from the last commit: written twice, committed once', async () => {
    const { numbers, out, test } = await startSums()
    numbers.push(1, 1).push(3, 3)
    expect(await test.snapshot()).toBe(1)
    numbers.push(5, 5)
    await test.settle()
    test.crash()
    expect(test.status().state).toBe('crashed')
    numbers.push(7, 7)
    await test.settle()
    expect(valuesOf(out)).toEqual([1, 4, 9])
    await test.start()
    await test.finish()
    expect(valuesOf(out)).toEqual([1, 4, 9, 9, 16])
    expect(committedIn(out)).toEqual([1, 4, 9, 16])
  })

  it.each(failpoints.filter((name) => !name.startsWith('rescale')))('that crashes at %s has exact totals in the end', async (failpoint) => {
    const { numbers, out, test } = await startSums({}, { snapshotIntervalMs: 100 })
    numbers.push(1, 1).push(2, 2)
    await test.advanceBy(150)
    numbers.push(3, 3)
    await test.settle()
    const restarts = failpoint.startsWith('restore')
    if (restarts) test.crash()
    test.crashAt(failpoint)
    if (restarts) expect(await errorOf(test.start())).toMatchObject({ code: 'ERR_NOT_RUNNING' })
    else await test.advanceBy(100)
    expect(test.status().state).toBe('crashed')
    await test.start()
    numbers.push(5, 5)
    await test.finish()
    expect(committedIn(out)).toEqual([1, 2, 4, 9])
  })

  it('says that it crashed to whoever waits for a snapshot', async () => {
    const { test } = await startSums()
    test.crashAt('snapshot.durable')
    expect(await errorOf(test.snapshot())).toMatchObject({
      code: 'ERR_NOT_RUNNING',
      message: expect.stringMatching(/crashed before a snapshot/),
    })
    expect(await errorOf(test.snapshot())).toMatchObject({ code: 'ERR_NOT_RUNNING', message: expect.stringMatching(/Call start/) })
  })

  it('goes on after it was suspended, also several times', async () => {
    const { numbers, out, test } = await startSums()
    for (const n of [1, 3, 5]) {
      numbers.push(n, n)
      await test.suspend()
      expect(test.status().state).toBe('suspended')
      await test.start()
    }
    await test.finish()
    expect(valuesOf(out)).toEqual([1, 4, 9])
    expect(committedIn(out)).toEqual([1, 4, 9])
  })

  it('is cancelled when it is disposed of, with what was not committed left out', async () => {
    const out = testSink<number, string>()
    const numbers = testSource<number>()
    {
      await using test = await testJob(sums, { params: {}, sources: { numbers }, sinks: { sums: out } })
      numbers.push(1, 1)
      await test.settle()
    }
    expect(numbers.partition('all').closes).toBe(1)
    expect(valuesOf(out)).toEqual([1])
    expect(committedIn(out)).toEqual([])
  })

  it('shows the states of its last snapshot', async () => {
    const { numbers, test } = await startSums()
    expect(await errorOf(test.state('sum', 'odd'))).toMatchObject({ code: 'ERR_SNAPSHOT_NOT_FOUND' })
    numbers.push(1, 1).push(3, 3).push(2, 2)
    await test.snapshot()
    expect(await test.state<number>('sum', 'odd')).toBe(4)
    expect(await test.states('sum')).toEqual([
      { key: 'odd', state: 4 },
      { key: 'even', state: 2 },
    ])
    expect(await test.state('sum', 'neither')).toBeUndefined()
    expect(await errorOf(test.state('total', 'odd'))).toMatchObject({ code: 'ERR_SNAPSHOT_NOT_FOUND' })
  })

  it('does the same for the same seed and the same calls', async () => {
    const play = async (seed: number) => {
      const { numbers, out, test } = await startSums({}, { seed, snapshotIntervalMs: 7 })
      for (let n = 0; n < 50; n++) {
        numbers.push(n, n)
        await test.advanceBy(n % 5)
        if (n % 17 === 16) {
          test.crash()
          await test.start()
        }
      }
      await test.finish()
      return [out.records, out.committed, test.status()]
    }
    expect(await play(3)).toEqual(await play(3))
    expect((await play(3))[1]).toEqual((await play(4))[1])
  })
})

describe('a wait that would never end', () => {
  const job = (source: Source<number, number, 'all'> | Source<number, number>, sink: object = realSink) =>
    defineJob({
      name: 'endless',
      module: import.meta.url,
      build: (flow) => void flow.source('in', source).sink('out', sink as typeof realSink),
    })

  it('is reported if a source never rests', async () => {
    function* naturals() {
      for (let n = 0; ; n++) yield n
    }
    const out = testSink()
    const error = await errorOf(testJob(job(fromIterable({ [Symbol.iterator]: naturals })), { sinks: { out }, stepsMax: 200 }))
    expect(error).toMatchObject({
      code: 'ERR_TEST_UNSETTLED',
      message: expect.stringMatching(/"endless".*200 steps at 0 ms.*read \d+ records/),
    })
  })

  it('is reported if a real sink does not answer', async () => {
    const numbers = testSource<number>()
    const partition = { write: () => {}, saturated: true, flush: () => new Promise(() => {}), snapshot: () => undefined, close: () => {} }
    const test = await testJob(job(realSource, { openPartition: () => partition }), { sources: { in: numbers } })
    numbers.push(1, 1)
    const error = await errorOf(test.settle())
    expect(error).toMatchObject({ code: 'ERR_TEST_UNSETTLED', message: expect.stringMatching(/in vain for flush of sink "out"/) })
  })

  it('is reported if the end does not come', async () => {
    const never = fromAsyncIterable({ [Symbol.asyncIterator]: () => ({ next: () => new Promise<IteratorResult<number>>(() => {}) }) })
    const test = await testJob(job(never), { sinks: { out: testSink() } })
    await test.settle()
    const error = await errorOf(test.finish())
    expect(error).toMatchObject({
      code: 'ERR_TEST_UNSETTLED',
      message: expect.stringMatching(/its end; partition .* of source "in" is idle/),
    })
  })
})
