import { bigintTime, dateTime, numberTime, type TimestampAlgebra } from '@malstrom/core'
import { fromIterable, type KeyedStream } from '@malstrom/operators'
import { type Collect, inBothForms, type Watched } from '@malstrom/testing'
import fc from 'fast-check'
import { describe, expect } from 'vitest'
import { calendarDays } from './calendar.ts'
import type { SizedTime } from './duration.ts'
import { global } from './global.ts'
import { session } from './session.ts'
import { sliding, tumbling } from './tumbling.ts'
import type { Window, Windows } from './window.ts'

/** A record, and the epoch that follows it. */
interface Entry {
  readonly key: string
  readonly n: number
  readonly t: number
  readonly epoch: number | undefined
}

const RUNS = 40
const SPAN = 400

const entries = fc.array(
  fc.record({
    key: fc.constantFrom('a', 'b', 'c'),
    t: fc.integer({ min: -SPAN, max: SPAN }),
    jitter: fc.nat(60),
    epoch: fc.option(fc.nat(80), { nil: undefined, freq: 2 }),
  }),
  { maxLength: 40 },
)

/** Records that advance in time, out of order by up to 60; epochs come at random and are sometimes ahead of records. */
const input: fc.Arbitrary<readonly Entry[]> = entries.map((list) => {
  const sorted = [...list].sort((a, b) => a.t - b.t)
  return sorted.map(({ key, t, jitter, epoch }, n) => ({ key, n, t: t - jitter, epoch: epoch === undefined ? undefined : t - epoch }))
})

/** The records that are not late, by the definition of late. */
function onTimeOf(list: readonly Entry[]): Entry[] {
  let last = Number.NEGATIVE_INFINITY
  return list.filter(({ t, epoch }) => {
    const isOnTime = t > last
    if (epoch !== undefined && epoch > last) last = epoch
    return isOnTime
  })
}

interface Kind {
  readonly name: string
  readonly windows: Windows<number>
  /** The windows of the timestamps of one key, without the code under test. */
  expected(timestamps: readonly number[]): readonly Window<number>[]
  readonly inclusive?: boolean
}

function everyStart(size: number, slide: number, offset: number): Kind['expected'] {
  return () => {
    const windows: Window<number>[] = []
    const first = offset + Math.floor((-3 * SPAN - offset) / slide) * slide
    for (let start = first; start < 3 * SPAN; start += slide) windows.push({ start, end: start + size })
    return windows
  }
}

const sessionsOf =
  (gap: number): Kind['expected'] =>
  (timestamps) => {
    const sorted = [...timestamps].sort((a, b) => a - b)
    const windows: { start: number; end: number }[] = []
    for (const t of sorted) {
      const last = windows.at(-1)
      if (last !== undefined && t <= last.end) last.end = t + gap
      else windows.push({ start: t, end: t + gap })
    }
    return windows
  }

const kinds: readonly Kind[] = [
  { name: 'tumbling', windows: tumbling(50), expected: everyStart(50, 50, 0) },
  { name: 'tumbling with an offset', windows: tumbling(30, { offset: 7 }), expected: everyStart(30, 30, 7) },
  { name: 'sliding', windows: sliding({ size: 60, slide: 10 }), expected: everyStart(60, 10, 0) },
  {
    name: 'sliding whose slide does not divide the size',
    windows: sliding({ size: 50, slide: 20, offset: 3 }),
    expected: everyStart(50, 20, 3),
  },
  { name: 'session', windows: session({ gap: 20 }), expected: sessionsOf(20), inclusive: true },
]

interface Result {
  readonly ns: readonly number[]
  readonly start: unknown
  readonly end: unknown
}

const aggregate = {
  init: (key: string) => ({ key, ns: [] as number[] }),
  // Changes the accumulator it is given, as users do.
  add(accumulator: { key: string; ns: number[] }, entry: Entry) {
    accumulator.ns.push(entry.n)
    return accumulator
  },
  emit: ({ ns }: { ns: readonly number[] }, window: Window<unknown>) => ({ ns: sorted(ns), ...window }),
}
const merge = (a: { key: string; ns: number[] }, b: { key: string; ns: number[] }) => ({ key: a.key, ns: [...a.ns, ...b.ns] })

type Windowing = (stream: KeyedStream<string, Entry, number>, windows: Windows<number>) => KeyedStream<string, Result, number>

const forms: Readonly<Record<string, Windowing>> = {
  'aggregate with merge': (stream, windows) => stream.window(windows as Windows<number, true>).aggregate('w', { ...aggregate, merge }),
  'aggregate without merge': (stream, windows) => stream.window(windows as Windows<number, false>).aggregate('w', aggregate),
  process: (stream, windows) =>
    stream.window(windows).process('w', (values, window) => ({ ns: sorted(values.map(({ n }) => n)), ...window })),
}

async function run(collect: Collect, list: readonly Entry[], windows: Windows<number>, windowing: Windowing) {
  const { out, status } = await collect((flow) => {
    const stream = flow
      .source('in', fromIterable(list))
      .keyLocal('key', ({ key }) => key)
      .assignTimestamps('t', ({ t }) => t)
      .generateEpochs('epochs', ({ epoch }) => epoch).onTime
    return { out: windowing(stream, windows) }
  })
  expect(status.operators.find(({ operator }) => operator === 'w')?.keys).toBe(0)
  return out
}

function expectedOf(list: readonly Entry[], kind: Kind) {
  const onTime = onTimeOf(list)
  return ['a', 'b', 'c'].flatMap((key) => {
    const ofKey = onTime.filter((entry) => entry.key === key)
    return kind.expected(ofKey.map(({ t }) => t)).flatMap(({ start, end }) => {
      const inside = ofKey.filter(({ t }) => t >= start && t < end)
      if (inside.length === 0) return []
      return [{ key, value: { ns: sorted(inside.map(({ n }) => n)), start, end }, timestamp: kind.inclusive ? end : end - 1 }]
    })
  })
}

/** Each result comes with the first epoch that completes its window, and not before. */
function checkPunctuality({ events, records }: Watched): void {
  let previous = Number.NEGATIVE_INFINITY
  let result = 0
  const waiting: number[] = []
  for (const event of events) {
    if (typeof event !== 'string') {
      waiting.push(records[result++]?.timestamp as number)
      continue
    }
    const epoch = Number(event.slice(1))
    for (const timestamp of waiting.splice(0)) {
      expect(timestamp).toBeGreaterThan(previous)
      expect(timestamp).toBeLessThanOrEqual(epoch)
    }
    previous = epoch
  }
}

describe('windows are what a naive recomputation says', () => {
  for (const kind of kinds) {
    for (const [form, windowing] of Object.entries(forms)) {
      if (kind.inclusive && form === 'aggregate without merge') continue
      inBothForms(`${kind.name}, ${form}`, async (collect) => {
        await fc.assert(
          fc.asyncProperty(input, async (list) => {
            const out = await run(collect, list, kind.windows, windowing)
            expect(inOrder(out.records)).toEqual(inOrder(expectedOf(list, kind)))
            checkPunctuality(out)
          }),
          { numRuns: RUNS },
        )
      })
    }
  }

  inBothForms('reduce combines in every kind of window', async (collect) => {
    await fc.assert(
      fc.asyncProperty(input, fc.constantFrom(...kinds), async (list, kind) => {
        const out = await run(collect, list, kind.windows, (stream, windows) =>
          stream
            .map('sum', (entry) => ({ ns: [entry.n], start: 0, end: 0 }))
            .window(windows as Windows<number, true>)
            .reduce('w', (a, b) => ({ ns: a.ns.concat(b.ns), start: 0, end: 0 }))
            .map('sorted', (value) => ({ ...value, ns: sorted(value.ns) })),
        )
        const expected = expectedOf(list, kind).map((record) => ({ ...record, value: { ...record.value, start: 0, end: 0 } }))
        expect(inOrder(out.records)).toEqual(inOrder(expected))
      }),
      { numRuns: RUNS },
    )
  })
})

describe('windows of other times', () => {
  const day = 86_400_000
  const times: readonly { readonly name: string; readonly time: TimestampAlgebra<SizedTime>; of(ms: number): SizedTime }[] = [
    { name: 'numbers', time: numberTime as TimestampAlgebra<SizedTime>, of: (ms) => ms },
    { name: 'bigints', time: bigintTime as unknown as TimestampAlgebra<SizedTime>, of: (ms) => BigInt(ms) },
    { name: 'dates', time: dateTime as unknown as TimestampAlgebra<SizedTime>, of: (ms) => new Date(ms) },
  ]
  const shapes: readonly [string, Windows<SizedTime>][] = [
    ['tumbling', tumbling(100)],
    ['sliding', sliding({ size: 100, slide: 50 })],
    ['session', session({ gap: 30 })],
    ['global', global()],
  ]
  for (const { name, time, of } of times) {
    for (const [shape, windows] of shapes) {
      inBothForms(`${shape} of ${name} is the same as of numbers`, async (collect) => {
        const ts = [0, 40, 99, 100, 130, 175, 210, 500]
        const count = async (algebra: TimestampAlgebra<SizedTime>, timestampOf: (ms: number) => SizedTime) => {
          const { out } = await collect((flow) => ({
            out: flow
              .source('in', fromIterable(ts))
              .keyLocal('one', () => 1)
              .assignTimestamps('t', (ms) => timestampOf(ms), algebra)
              .generateEpochs('epochs', (_ms, timestamp) => timestamp)
              .onTime.window(windows)
              .process('w', (values) => values.join(' ')),
          }))
          return out.values
        }
        expect(await count(time, of)).toEqual(await count(numberTime as TimestampAlgebra<SizedTime>, (ms) => ms))
      })
    }
  }

  inBothForms('days of the calendar', async (collect) => {
    const ts = ['2025-03-29T22:59:00Z', '2025-03-29T23:00:00Z', '2025-03-30T21:59:59Z', '2025-03-30T22:00:00Z'].map(Date.parse)
    const { out } = await collect((flow) => ({
      out: flow
        .source('in', fromIterable(ts))
        .keyLocal('one', () => 1)
        .assignTimestamps('t', (ms) => ms)
        .generateEpochs('epochs', (_ms, timestamp) => timestamp)
        .onTime.window(calendarDays({ timeZone: 'Europe/Berlin' }))
        .process('w', (values, { start, end }) => [values.length, (end - start) / day]),
    }))
    expect(out.values).toEqual([
      [1, 1],
      [2, 23 / 24],
      [1, 1],
    ])
  })
})

function sorted(ns: readonly number[]): number[] {
  return [...ns].sort((a, b) => a - b)
}

/** Results that are complete at the same epoch come in no particular order. */
function inOrder(records: readonly object[]): string[] {
  return records.map((record) => JSON.stringify(record)).sort()
}
