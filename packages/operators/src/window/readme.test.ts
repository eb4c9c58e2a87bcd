import { numberTime, type StatefulLogic } from '@malstrom/core'
import { defineJob, fromIterable, limitOutOfOrderness, processingTime, sliding, toArray, tumbling } from '@malstrom/operators'
import { singleThread } from '@malstrom/runtime'
import { testJob, testSink, testSource } from '@malstrom/testing'
import { expect, it } from 'vitest'

interface Payment {
  readonly account: string
  readonly amount: number
  readonly paidAt: number
}

interface Click {
  readonly visitor: string
}

const HOUR_MS = 3_600_000
const HALF_AN_HOUR_MS = HOUR_MS / 2

const missing = () => {
  throw new Error('the real one is not opened')
}
const unopened = { time: numberTime, listPartitions: missing, openPartition: missing }

it('the example of windows sums hours and counts in sliding windows', async () => {
  const given: Payment[] = [
    { account: 'a', amount: 1, paidAt: 0 },
    { account: 'a', amount: 2, paidAt: HOUR_MS - 1 },
    { account: 'a', amount: 4, paidAt: HOUR_MS },
  ]
  const hours: unknown[] = []
  const counts: number[] = []
  const job = defineJob({
    name: 'windows',
    module: import.meta.url,
    build(flow) {
      const payments = flow.source('payments', fromIterable(given))
      const { onTime, late } = payments
        .keyDistribute('by-account', (payment) => payment.account)
        .assignTimestamps('paid-at', (payment) => payment.paidAt)
        .generateEpochs('epochs', limitOutOfOrderness(5_000))

      onTime
        .window(tumbling({ hours: 1 }))
        .aggregate('hourly', {
          init: () => 0,
          add: (sum, payment) => sum + payment.amount,
          emit: (sum, window, account) => ({ account, sum, hour: window.start }),
        })
        .sink('hours', toArray(hours))

      const busy = onTime
        .window(sliding({ size: { minutes: 10 }, slide: { minutes: 1 } }))
        .allowedLateness({ minutes: 30 }, late)
        .aggregate('busy', { init: () => 0, add: (count) => count + 1, merge: (a, b) => a + b })
      busy.results.sink('counts', toArray(counts))
      busy.late.discard('too-late')
    },
  })
  await singleThread().run(job)
  expect(hours).toEqual([
    { account: 'a', sum: 3, hour: 0 },
    { account: 'a', sum: 4, hour: HOUR_MS },
  ])
  // 10 windows have the first payment; 10 have the last one, and all but one of those the one before.
  expect(counts.length).toBe(21)
  expect(counts.reduce((sum, count) => sum + count)).toBe(30)
})

it('the example of windows of processing time counts bursts of clicks', async () => {
  const bursts: { visitor: string; count: number; since: number }[] = []
  const source = testSource<Click>()
  const job = defineJob({
    name: 'bursts',
    module: import.meta.url,
    build(flow) {
      const clicks = flow.source('clicks', unopened).map('click', (click) => click as Click)
      clicks
        .keyDistribute('by-visitor', (click) => click.visitor)
        .window(processingTime(tumbling({ seconds: 10 })))
        .process('burst', (burst, window, visitor) => ({ visitor, count: burst.length, since: window.start }))
        .sink('bursts', toArray(bursts))
    },
  })
  await using test = await testJob(job, { sources: { clicks: source } })
  source.push({ visitor: 'ann' }, 1).push({ visitor: 'ann' }, 2)
  await test.advanceTo(9_999)
  expect(bursts).toEqual([])
  await test.advanceTo(10_000)
  source.push({ visitor: 'ann' }, 3)
  await test.finish()
  expect(bursts).toEqual([
    { visitor: 'ann', count: 2, since: 0 },
    { visitor: 'ann', count: 1, since: 10_000 },
  ])
})

/** Says which visitors have done nothing for half an hour. */
const silence: StatefulLogic<string, Click, string, number, { last: number }> = {
  init: () => ({ last: Number.NEGATIVE_INFINITY }),
  onData(_click, state, _output, _visitor, timestamp, timers) {
    if (timestamp <= state.last) return state
    timers.cancel(state.last + HALF_AN_HOUR_MS)
    timers.at(timestamp + HALF_AN_HOUR_MS)
    return { last: timestamp }
  },
  onTimer(time, _state, output, visitor) {
    output.emit(`${visitor} has left`, visitor, time)
    return undefined
  },
}

/** Says how many clicks a visitor has made, at most once in ten seconds. */
const rarely: StatefulLogic<string, Click, string, number, { clicks: number; last: number }> = {
  init: () => ({ clicks: 0, last: Number.NEGATIVE_INFINITY }),
  onData(_click, { clicks, last }, _output, _visitor, timestamp, timers) {
    if (clicks === 0) timers.atMs(timers.now() + 10_000)
    return { clicks: clicks + 1, last: Math.max(last, timestamp) }
  },
  onProcessingTimer(_ms, { clicks, last }, output, visitor, timers) {
    const frontier = timers.frontier() ?? Number.NEGATIVE_INFINITY
    output.emit(`${visitor}: ${clicks}`, visitor, Math.max(last, frontier + 1))
    return undefined
  },
}

/** A job of clicks by visitor, with a source that is told what to give. */
async function startWith<S>(logic: StatefulLogic<string, Click, string, number, S>) {
  const clicks = testSource<Click>()
  const out = testSink<string, string>()
  const job = defineJob({
    name: 'clicks',
    module: import.meta.url,
    build(flow) {
      flow
        .source('clicks', unopened)
        .map('click', (click) => click as Click)
        .keyDistribute('by visitor', ({ visitor }) => visitor)
        .generateEpochs('epochs', limitOutOfOrderness(0))
        .onTime.statefulOp('logic', logic)
        .sink('out', { openPartition: missing })
    },
  })
  return { clicks, out, test: await testJob(job, { sources: { clicks }, sinks: { out } }) }
}

it('the example of timers of processing time counts clicks, at most once in ten seconds', async () => {
  const { clicks, out, test: started } = await startWith(rarely)
  await using test = started
  clicks.push({ visitor: 'ann' }, 1).push({ visitor: 'ann' }, 2).push({ visitor: 'bob' }, 3)
  await test.advanceBy(9_999)
  expect(out.records).toEqual([])
  await test.advanceBy(1)
  expect(out.records.map(({ value, timestamp }) => [value, timestamp])).toEqual([
    ['ann: 2', 4],
    ['bob: 1', 4],
  ])
})

it('the example of timers names visitors that have left', async () => {
  const { clicks, out, test: started } = await startWith(silence)
  await using test = started
  clicks.push({ visitor: 'ann' }, 0).push({ visitor: 'bob' }, 1_000).push({ visitor: 'ann' }, 60_000)
  clicks.push({ visitor: 'bob' }, HALF_AN_HOUR_MS + 1_001)
  await test.settle()
  expect(out.records).toEqual([])
  clicks.push({ visitor: 'cid' }, HOUR_MS)
  await test.settle()
  expect(out.records).toEqual([{ value: 'ann has left', key: 'ann', timestamp: HALF_AN_HOUR_MS + 60_000 }])
})
