import { numberTime } from '@malstrom/core'
import {
  calendarDays,
  calendarMonths,
  defineJob,
  discard,
  fromIterable,
  global,
  type KeyedStream,
  session,
  sliding,
  tumbling,
  type Windows,
} from '@malstrom/operators'
import { errorOf, testJob, testSink, testSource } from '@malstrom/testing'
import { describe, expect, it } from 'vitest'

type NumberWindows = Windows<number, boolean>

const minute: NumberWindows = tumbling({ minutes: 1 })
const slide = { minutes: 10 }
const berlin: NumberWindows = calendarDays({ timeZone: 'Europe/Berlin' })
/** Windows of one's own that say nothing about themselves. */
const unnamed = (size: number): NumberWindows => ({
  merging: false,
  assigner(time) {
    const { description: _, ...assigner } = tumbling(size).assigner(time)
    return assigner
  },
})

/** Saves a state with the windows `before`, and goes on with `after`. */
async function change(
  before: NumberWindows,
  after: NumberWindows,
  policies: readonly ['fail' | 'skip', 'fail' | 'skip'] = ['fail', 'fail'],
): Promise<readonly unknown[]> {
  const missing = () => {
    throw new Error('the real one is not opened')
  }
  let windows = before
  let [onError] = policies
  const source = testSource<number>()
  const out = testSink<string, number>()
  const job = defineJob({
    name: 'change',
    module: import.meta.url,
    build(flow) {
      flow
        .source('in', { time: numberTime, listPartitions: missing, openPartition: missing })
        .keyLocal('one', () => 'one')
        .window(windows)
        .aggregate('hourly', { init: () => 0, add: (count) => count + 1, merge: (a, b) => a + b }, { onError })
        .sink('out', { openPartition: missing })
    },
  })
  await using test = await testJob(job, { sources: { in: source }, sinks: { out } })
  source.push(1, 1)
  await test.snapshot()
  test.crash()
  windows = after
  onError = policies[1]
  await test.start()
  source.push(2, 2)
  await test.finish()
  return out.records.map(({ value }) => value)
}

/** The same for two streams that meet in windows. */
async function changeMeeting(method: 'windowJoin' | 'coGroup', before: NumberWindows, after: NumberWindows): Promise<readonly unknown[]> {
  let windows = before
  const source = testSource<number>()
  const out = testSink<string, number>()
  const job = defineJob({
    name: 'change',
    module: import.meta.url,
    build(flow) {
      const [left, right] = flow
        .source('in', fromIterable<number>([]))
        .keyLocal('one', () => 'one')
        .cloned('twice', 2) as [KeyedStream<string, number, number>, KeyedStream<string, number, number>]
      const met =
        method === 'coGroup'
          ? left.coGroup('met', right, windows, (lefts, rights) => [lefts.length + rights.length])
          : left.windowJoin('met', right, { window: windows }, (l, r) => l + r)
      met.sink('out', discard())
    },
  })
  await using test = await testJob(job, { sources: { in: source }, sinks: { out } })
  source.push(1, 1)
  await test.snapshot()
  test.crash()
  windows = after
  await test.start()
  await test.finish()
  return out.records.map(({ value }) => value)
}

describe.each(['windowJoin', 'coGroup'] as const)('saved windows of %s', (method) => {
  it('of another size are refused', async () => {
    const error = await errorOf(changeMeeting(method, minute, tumbling({ seconds: 1 })))
    expect(error).toMatchObject({ code: 'ERR_SNAPSHOT_MISMATCH' })
    const sessions = await errorOf(changeMeeting(method, session({ gap: 5 }), session({ gap: 6 })))
    expect(sessions.message).toContain(`"met" was a ${method} of session(5) and is a ${method} of session(6) now`)
    expect(error.message).toContain(`"met" was a ${method}OfSlices of tumbling(60000) and is a ${method}OfSlices of tumbling(1000) now`)
  })

  it('go on if the windows are the same', async () => {
    expect(await changeMeeting(method, minute, tumbling(60_000))).toEqual([2])
    expect(await changeMeeting(method, unnamed(10), unnamed(10))).toEqual([2])
  })
})

describe('saved windows', () => {
  it.each<[what: string, before: NumberWindows, after: NumberWindows, message: RegExp]>([
    ['size', minute, tumbling({ seconds: 1 }), /"hourly" was a windowAggregate of tumbling\(60000\) and is .* of tumbling\(1000\) now/],
    [
      'slide',
      sliding({ size: slide, slide: 60_000 }),
      sliding({ size: slide, slide: 30_000 }),
      /sliding\(600000, 60000\) .*sliding\(600000, 30000\) now/,
    ],
    ['offset', minute, tumbling({ minutes: 1 }, { offset: { seconds: 5 } }), /tumbling\(60000, offset 5000\) now/],
    ['kind', minute, berlin, /calendarDays\(Europe\/Berlin\)/],
    ['time zone', berlin, calendarDays({ timeZone: 'UTC' }), /calendarDays\(UTC\) now/],
    ['unit of the calendar', berlin, calendarMonths({ timeZone: 'Europe/Berlin' }), /calendarMonths\(Europe\/Berlin\) now/],
    ['gap', session({ gap: 5 }), session({ gap: 6 }), /session\(5\) .* session\(6\) now/],
    ['end', minute, global(), /global now/],
  ])('of another %s are refused', async (_what, before, after, message) => {
    const error = await errorOf(change(before, after))
    expect(error).toMatchObject({ code: 'ERR_SNAPSHOT_MISMATCH' })
    expect(error.message).toMatch(message)
    expect(error.message).toMatch(/give the new one another name/)
  })

  it('go on if the same windows are written in another way', async () => {
    expect(await change(minute, tumbling(60_000, { offset: 0 }))).toEqual([2])
    expect(await change(minute, sliding({ size: { seconds: 60 }, slide: { minutes: 1 } }))).toEqual([2])
  })

  it.each([
    ['slices', minute],
    ['windows that are kept each', session({ gap: 5 })],
  ])('go on if the policy for errors has changed (%s)', async (_what, windows) => {
    expect(await change(windows, windows, ['fail', 'skip'])).toEqual([2])
    expect(await change(windows, windows, ['skip', 'fail'])).toEqual([2])
  })

  it('of one’s own are compared only if they have a description', async () => {
    expect(await change(unnamed(10), unnamed(1_000))).toEqual([2])
  })
})
