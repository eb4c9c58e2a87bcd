import { numberTime } from '@malstrom/core'
import {
  defineJob,
  everyCount,
  everyMs,
  type ProcessingWindows,
  processingTime,
  session,
  type Trigger,
  tumbling,
} from '@malstrom/operators'
import { type TaskForm, taskForms, testJob, testSink, testSource } from '@malstrom/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

const missing = () => {
  throw new Error('the real one is not opened')
}
const unopened = { time: numberTime, listPartitions: missing, openPartition: missing }
const sums = { init: () => 0, add: (sum: number, n: number) => sum + n, merge: (a: number, b: number) => a + b }

interface Shape {
  readonly windows?: ProcessingWindows<boolean>
  readonly trigger: Trigger<number, number>
  readonly discarding?: boolean
}

async function started(tasks: TaskForm, { windows = processingTime(tumbling(50)), trigger, discarding = false }: Shape) {
  const source = testSource<number, number>()
  const out = testSink<number, string>()
  const job = defineJob({
    name: 'early',
    module: import.meta.url,
    build(flow) {
      const windowed = flow
        .source<number, number>('in', unopened)
        .keyLocal('parity', (n) => (n % 2 === 0 ? 'even' : 'odd'))
        .window(windows)
        .trigger(trigger)
      const shown = discarding ? windowed.discarding() : windowed
      shown.aggregate('w', sums).sink('out', { openPartition: missing })
    },
  })
  const test = await testJob(job, { sources: { in: source }, sinks: { out }, tasks, snapshotIntervalMs: Number.POSITIVE_INFINITY })
  return { source, test, out, values: () => out.records.map(({ value }) => value) }
}

describe.each(taskForms)('windows of processing time with triggers (%s)', (tasks) => {
  it('fire early, and at their end what has come since', async () => {
    const { source, test, values } = await started(tasks, { trigger: everyCount(2) })
    await using _ = test
    source.push(2, 1).push(4, 2).push(6, 3)
    await test.settle()
    expect(values()).toEqual([6])
    await test.advanceBy(49)
    expect(values()).toEqual([6])
    await test.advanceBy(1)
    expect(values()).toEqual([6, 12])
    source.push(8, 4).push(10, 5)
    await test.advanceBy(100)
    // Nothing has come since it fired early.
    expect(values()).toEqual([6, 12, 18])
  })

  it('fire some time after a record has come, also after a restart', async () => {
    const { source, test, values } = await started(tasks, { trigger: everyMs(20), discarding: true })
    await using _ = test
    source.push(2, 1)
    await test.advanceBy(10)
    source.push(4, 2)
    await test.advanceBy(9)
    expect(values()).toEqual([])
    await test.advanceBy(1)
    expect(values()).toEqual([6])
    source.push(8, 3)
    await test.snapshot()
    test.crash()
    await test.start()
    await test.advanceBy(20)
    expect(values()).toEqual([6, 8])
    await test.advanceBy(100)
    expect(values()).toEqual([6, 8])
  })

  it('tell a trigger of one’s own the moment and the window', async () => {
    const seen: unknown[] = []
    const trigger: Trigger<number, number> = {
      fires(pending, value, moment, { start, end }) {
        seen.push([pending, value, moment, start, end])
        return value === 4
      },
    }
    const { source, test, values } = await started(tasks, { trigger })
    await using _ = test
    await test.advanceBy(60)
    source.push(2, 7_000).push(4, 9_000)
    await test.settle()
    expect(values()).toEqual([6])
    expect(seen).toEqual([
      [1, 2, 60, 50, 100],
      [2, 4, 60, 50, 100],
    ])
  })

  it('tell of every record once if they are discarding (property)', async () => {
    const step = fc.record({ afterMs: fc.nat(40), n: fc.nat(9) })
    const shape = fc.record({
      trigger: fc.oneof(fc.integer({ min: 1, max: 4 }).map(everyCount), fc.integer({ min: 5, max: 60 }).map(everyMs)),
      windows: fc.constantFrom(processingTime(tumbling(50)), processingTime(session({ gap: 30 }))),
      discarding: fc.constant(true),
    })
    await fc.assert(
      fc.asyncProperty(shape, fc.array(step, { minLength: 1, maxLength: 20 }), async (how, steps) => {
        const { source, test, values } = await started(tasks, how as Shape)
        await using _ = test
        let total = 0
        for (const [index, { afterMs, n }] of steps.entries()) {
          await test.advanceBy(afterMs)
          source.push(n, index + 1)
          total += n
        }
        await test.advanceBy(200)
        expect(values().reduce((sum, n) => sum + n, 0)).toBe(total)
        expect(values().length).toBeLessThanOrEqual(steps.length)
      }),
      { numRuns: 30 },
    )
  })

  it('say what they keep back, and until when', async () => {
    const { source, test } = await started(tasks, { trigger: everyMs(500), windows: processingTime(tumbling(1_000)) })
    await using _ = test
    await test.advanceBy(2_100)
    source.push(1, 1).push(2, 2)
    const waits = async () => (await test.explain()).findings.filter(({ kind }) => kind === 'waiting').map(({ message }) => message)
    expect(await waits()).toEqual([
      '"w" on worker 0 keeps 2 open windows of 2 keys, the first from 1970-01-01T00:00:02.000Z to 1970-01-01T00:00:03.000Z; the first of them waits for the time 3000.',
      '"w" on worker 0 keeps 2 windows that have had records since they fired; the first of them waits for the time 2600.',
    ])
    await test.advanceBy(600)
    expect(await waits()).toHaveLength(1)
    await test.advanceBy(600)
    expect(await waits()).toEqual([])
  })
})

it('windows of processing time that are kept as slices say what they keep back', async () => {
  const source = testSource<number, number>()
  const job = defineJob({
    name: 'sliced',
    module: import.meta.url,
    build(flow) {
      flow
        .source('in', unopened)
        .keyLocal('one', () => 'one')
        .window(processingTime(tumbling(1_000)))
        .count('w')
        .sink('out', { openPartition: missing })
    },
  })
  await using test = await testJob(job, { sources: { in: source }, sinks: { out: testSink() } })
  source.push(1, 1)
  const waiting = (await test.explain()).findings.find(({ kind }) => kind === 'waiting')
  expect(waiting?.message).toBe(
    '"w" on worker 0 keeps 1 open windows of 1 key, the first from 1970-01-01T00:00:00.000Z to 1970-01-01T00:00:01.000Z; the first of them waits for the time 1000.',
  )
})
