import { dateTime, type Explanation, type Source } from '@malstrom/core'
import { defineJob, discard, type Flow, limitOutOfOrderness, session, sliding, tumbling } from '@malstrom/operators'
import { testJob, testSource } from '@malstrom/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

/** A job that reads until the test says otherwise, with epochs of no disorder. */
async function start<T>(build: (flow: Flow, source: ReturnType<typeof testSource<number>>) => T) {
  const source = testSource<number>()
  const job = defineJob({ name: 'stuck', module: import.meta.url, build: (flow) => void build(flow, source) })
  const test = await testJob(job, { sources: { numbers: source }, snapshotIntervalMs: Number.POSITIVE_INFINITY })
  return { source, test }
}

const waitsOf = ({ findings }: Explanation) =>
  findings
    .filter(({ kind }) => kind === 'waiting')
    .map(({ operator, count, frontier, message }) => ({ operator, count, frontier, message }))

const keyed = (flow: Flow, source: ReturnType<typeof testSource<number>>) => {
  const { onTime, late } = flow.source('numbers', source, { epochs: limitOutOfOrderness(0) })
  return { byKey: onTime.keyLocal('key', (n) => n % 3), late: () => late.keyLocal('late key', (n) => n % 3) }
}

describe('the explanation of windows', () => {
  it('names the windows that are open, the first of them and the epoch that it waits for', async () => {
    const { source, test } = await start((flow, numbers) => {
      const { byKey } = keyed(flow, numbers)
      byKey.window(tumbling(100)).count('sliced').sink('out', discard())
      byKey
        .window(session({ gap: 50 }))
        .count('sessions')
        .sink('sessions out', discard())
    })
    await using _ = test
    source.push(1, 110).push(2, 120).push(4, 130).push(5, 210)
    const explained = await test.explain()
    expect(waitsOf(explained)).toEqual([
      {
        operator: 'sliced',
        count: 1,
        frontier: 299,
        message:
          '"sliced" on worker 0 keeps 1 open windows of 1 key, the first from 200 to 300; the first of them waits for the frontier to reach 299.',
      },
      {
        operator: 'sessions',
        count: 1,
        frontier: 260,
        message: expect.stringContaining('open windows of 1 key, the first from 210 to 260'),
      },
    ])
    await test.finish()
    expect(waitsOf(await test.explain())).toEqual([])
  })

  it('tells of complete windows that are kept for late records, and of those that fire after a while', async () => {
    const { source, test } = await start((flow, numbers) => {
      const { byKey, late } = keyed(flow, numbers)
      const windows = byKey.window(tumbling(100))
      const lasting = windows.allowedLateness(1_000, late()).count('lasting')
      lasting.results.sink('out', discard())
      lasting.late.discard('too late')
      windows.trigger({ everyMs: 5_000 }).count('early').sink('early out', discard())
    })
    await using _ = test
    source.push(1, 10).push(2, 20).push(3, 110)
    const waits = waitsOf(await test.explain())
    expect(waits.filter(({ operator }) => operator === 'lasting')).toMatchObject([
      { count: 1, frontier: 199 },
      { count: 2, frontier: 1_099, message: expect.stringContaining('keeps 2 complete windows of 2 keys for late records') },
    ])
    expect(waits.filter(({ operator }) => operator === 'early')).toMatchObject([
      { count: 1, frontier: 199 },
      { count: 1, message: expect.stringMatching(/have had records since they fired; .* waits for the time 5000\./) },
    ])
    await test.advanceBy(5_000)
    expect(waitsOf(await test.explain()).filter(({ message }) => message.includes('since they fired'))).toEqual([])
  })

  it('writes dates as dates', async () => {
    const missing = () => {
      throw new Error('the real one is not opened')
    }
    const dated: Source<number, Date> = { time: dateTime, listPartitions: missing, openPartition: missing }
    const source = testSource({ like: dated })
    const job = defineJob({
      name: 'dates',
      module: import.meta.url,
      build: (flow) =>
        void flow
          .source('numbers', dated, { epochs: limitOutOfOrderness(0) })
          .onTime.keyLocal('key', () => 'k')
          .window(tumbling({ minutes: 1 }))
          .count('minutes')
          .sink('out', discard()),
    })
    await using test = await testJob(job, { sources: { numbers: source } })
    source.push(1, new Date('2026-01-01T00:00:30Z'))
    expect((await test.explain()).text).toContain(
      'of 1 key, the first from 2026-01-01T00:00:00.000Z to 2026-01-01T00:01:00.000Z; the first of them waits for the frontier to reach 2026-01-01T00:00:59.999Z.',
    )
  })

  it('counts the windows that come when time goes on, whatever they are made of (property)', async () => {
    const records = fc.array(fc.tuple(fc.nat(5), fc.nat(90)), { maxLength: 20 })
    const sizes = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }))
    await fc.assert(
      fc.asyncProperty(records, sizes, fc.boolean(), async (given, [perWindow, perSlide], mergeable) => {
        const windows: string[] = []
        const merge = mergeable ? { merge: (a: number, b: number) => a + b } : {}
        const { source, test } = await start((flow, numbers) =>
          keyed(flow, numbers)
            .byKey.window(sliding({ size: 10 * perWindow, slide: 10 * Math.min(perSlide, perWindow) }))
            .aggregate('windows', {
              init: () => 0,
              add: (sum: number) => sum + 1,
              emit: (_sum: number, { start: from, end }: { start: number; end: number }, key: number) => `${key} ${from}-${end}`,
              ...merge,
            })
            .inspect('look', (window) => void windows.push(window))
            .sink('out', discard()),
        )
        await using _ = test
        let time = 0
        // Steps in time, some of them none, so that some windows are complete and others not.
        for (const [step, n] of given) {
          time += step * 7
          source.push(n, time)
        }
        const told = waitsOf(await test.explain()).find(({ operator }) => operator === 'windows')
        const before = windows.length
        await test.finish()
        expect(told?.count ?? 0).toBe(windows.length - before)
        const ends = windows.slice(before).map((window) => Number(window.split('-').at(-1)) - 1)
        expect(told?.frontier).toBe(ends.length === 0 ? undefined : Math.min(...ends))
      }),
      { numRuns: 60 },
    )
  })
})
