import { bigintTime, dateTime, numberTime, type Sink, type Source } from '@malstrom/core'
import {
  defineJob,
  type Flow,
  fromIterable,
  global,
  limitOutOfOrderness,
  type ProcessingWindows,
  processingTime,
  session,
  sliding,
  tumbling,
} from '@malstrom/operators'
import {
  errorOf,
  inBothForms,
  type SimulatedRecord,
  simulate,
  type TaskForm,
  taskForms,
  testJob,
  testSink,
  testSource,
} from '@malstrom/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

interface Sale {
  readonly shop: string
  readonly amount: number
}

// biome-ignore lint/suspicious/noExplicitAny: sinks of tests have partitions and states of their own
type AnySink = Sink<string, string, number, any, any>

const missing = () => {
  throw new Error('the real one is not opened')
}
const unopened = { time: numberTime, listPartitions: missing, openPartition: missing }

const sums = {
  init: () => ({ sum: 0 }),
  add(accumulator: { sum: number }, { amount }: Sale) {
    accumulator.sum += amount
    return accumulator
  },
  merge: (a: { sum: number }, b: { sum: number }) => ({ sum: a.sum + b.sum }),
  emit: ({ sum }: { sum: number }, { start, end }: { start: number; end: number }, shop: string) => `${shop} ${start}-${end}: ${sum}`,
}
const { merge: _, ...withoutMerge } = sums

const kinds = ['tumbling', 'slices', 'each', 'sessions'] as const
type Sinks = Readonly<Record<(typeof kinds)[number], AnySink>>

// biome-ignore lint/suspicious/noExplicitAny: sources of tests have positions of their own
function windowsJob(source: Source<Sale, number, any, any>, sinks: Sinks) {
  return defineJob({
    name: 'windows',
    module: import.meta.url,
    build(flow) {
      const sales = flow.source('sales', source, { epochs: limitOutOfOrderness(0) })
      sales.late.discard('late')
      const byShop = sales.onTime.keyDistribute('by shop', ({ shop }) => shop)
      const slides = byShop.window(processingTime(sliding({ size: 60, slide: 20 })))
      const results = {
        tumbling: byShop.window(processingTime(tumbling(50))).aggregate('w tumbling', sums),
        slices: slides.aggregate('w slices', sums),
        each: slides.aggregate('w each', withoutMerge),
        sessions: byShop.window(processingTime(session({ gap: 15 }))).aggregate('w sessions', sums),
      }
      for (const kind of kinds) {
        // Refuses a record that is not after the epochs before it.
        results[kind].statelessOp(`guard ${kind}`, (value, output, key, at) => output.emit(value, key, at)).sink(kind, sinks[kind])
      }
    },
  })
}

const unopenedSinks = Object.fromEntries(kinds.map((kind) => [kind, { openPartition: missing }])) as unknown as Sinks

async function started(tasks: TaskForm) {
  const source = testSource<Sale, number>()
  const sinks = Object.fromEntries(kinds.map((kind) => [kind, testSink<string, string>()]))
  const test = await testJob(windowsJob(unopened, unopenedSinks), {
    sources: { sales: source },
    sinks,
    tasks,
    snapshotIntervalMs: Number.POSITIVE_INFINITY,
  })
  const of = (kind: (typeof kinds)[number]) => sinks[kind]?.records ?? []
  return { source, test, of, values: (kind: (typeof kinds)[number]) => of(kind).map(({ value }) => value) }
}

/** A record of a shop, after a while. */
interface Step {
  readonly afterMs: number
  readonly sale: Sale
}

/** What the windows have in them, by the moments at which records came. */
function naive(steps: readonly Step[]): Record<(typeof kinds)[number], string[]> {
  let now = 0
  const moments = steps.map(({ afterMs, sale }) => {
    now += afterMs
    return { ...sale, at: now }
  })
  const aligned = (size: number, slide: number) => {
    const found = new Map<string, number>()
    for (const { shop, amount, at } of moments) {
      for (let start = Math.floor(at / slide) * slide; start > at - size; start -= slide) {
        const name = `${shop} ${start}-${start + size}`
        found.set(name, (found.get(name) ?? 0) + amount)
      }
    }
    return [...found].map(([name, sum]) => `${name}: ${sum}`).sort()
  }
  const sessions = new Map<string, { start: number; end: number; sum: number }[]>()
  for (const { shop, amount, at } of moments) {
    const own = sessions.get(shop) ?? []
    sessions.set(shop, own)
    const open = own.at(-1)
    if (open === undefined || at > open.end) own.push({ start: at, end: at + 15, sum: amount })
    else Object.assign(open, { end: at + 15, sum: open.sum + amount })
  }
  const slides = aligned(60, 20)
  return {
    tumbling: aligned(50, 50),
    slices: slides,
    each: slides,
    sessions: [...sessions].flatMap(([shop, own]) => own.map(({ start, end, sum }) => `${shop} ${start}-${end}: ${sum}`)).sort(),
  }
}

const stepOf = fc.record({
  afterMs: fc.oneof(fc.constant(0), fc.nat(8), fc.nat(70)),
  sale: fc.record({ shop: fc.constantFrom('x', 'y', 'z'), amount: fc.integer({ min: 1, max: 9 }) }),
})

describe('windows of processing time', () => {
  it.each(taskForms)('fire when their time is over, whatever the timestamps, and carry the largest one or more (%s)', async (tasks) => {
    const { source, test, of } = await started(tasks)
    await using _ = test
    const seen = () => of('tumbling').map(({ value, timestamp }) => [value, timestamp])
    source.push({ shop: 'x', amount: 1 }, 7_000).push({ shop: 'y', amount: 2 }, 9_000)
    await test.advanceBy(30)
    source.push({ shop: 'x', amount: 4 }, 9_500)
    await test.advanceBy(19)
    expect(seen()).toEqual([])
    await test.advanceBy(1)
    // The frontier has come to 9,500 by then.
    expect(seen()).toEqual([
      ['x 0-50: 5', 9_501],
      ['y 0-50: 2', 9_501],
    ])
    source.push({ shop: 'x', amount: 8 }, 20_000)
    await test.finish()
    // At the end of the input nobody waits for the clock. Its epoch has not passed the record.
    expect(seen().slice(2)).toEqual([['x 50-100: 8', 20_001]])
  })

  it.each(taskForms)('equal a naive model, also after a crash (%s)', { timeout: 60_000 }, async (tasks) => {
    await fc.assert(
      fc.asyncProperty(fc.array(stepOf, { minLength: 1, maxLength: 30 }), fc.nat(30), async (steps, crashAfter) => {
        const { source, test, values } = await started(tasks)
        await using _ = test
        let timestamp = 0
        for (const [index, { afterMs, sale }] of steps.entries()) {
          await test.advanceBy(afterMs)
          source.push(sale, ++timestamp)
          await test.settle()
          if (index !== crashAfter) continue
          await test.snapshot()
          test.crash()
          await test.start()
        }
        const expected = naive(steps)
        if (steps.length % 2 === 0) await test.advanceBy(1_000)
        else await test.finish()
        expect(Object.fromEntries(kinds.map((kind) => [kind, [...values(kind)].sort()]))).toEqual(expected)
      }),
      { numRuns: 40 },
    )
  })

  it.each(taskForms)('whose end passed while the job was down fire after the restore (%s)', async (tasks) => {
    const { source, test, values } = await started(tasks)
    await using _ = test
    source.push({ shop: 'x', amount: 1 }, 1)
    await test.snapshot()
    test.crash()
    await test.advanceBy(500)
    await test.start()
    await test.settle()
    expect(values('tumbling')).toEqual(['x 0-50: 1'])
    expect(values('sessions')).toEqual(['x 0-15: 1'])
    expect([...values('slices')].sort()).toEqual(['x -20-40: 1', 'x -40-20: 1', 'x 0-60: 1'])
  })

  it('lose nothing and count nothing twice with workers that fail, and rescales from 1 to 3 to 2', { timeout: 60_000 }, async () => {
    let [restarts, rescaled, results] = [0, 0, 0]
    for (let seed = 1; seed <= 12; seed++) {
      const records: SimulatedRecord<Sale, number>[] = Array.from({ length: 120 }, (_, n) => ({
        value: { shop: String((n * 7 + seed) % 6), amount: 1 + (n % 9) },
        timestamp: n * 6,
      }))
      let sinks: Record<string, { readonly visible: readonly { value: unknown }[] }> = {}
      const result = await simulate(
        (world) => {
          const made = Object.fromEntries(kinds.map((kind) => [kind, world.sink()]))
          sinks = made as typeof sinks
          return windowsJob(world.source({ all: records }), made as unknown as Sinks)
        },
        { seed, workers: 1, rescaleTo: [3, 2] },
      )
      restarts += result.status.restarts
      rescaled += result.rescaled
      const total = records.reduce((sum, { value }) => sum + value.amount, 0)
      for (const [kind, times] of [
        ['tumbling', 1],
        ['slices', 3],
        ['each', 3],
        ['sessions', 1],
      ] as const) {
        const values = sinks[kind]?.visible.map(({ value }) => value as string) ?? []
        const sum = values.reduce((all, value) => all + Number(value.split(': ')[1]), 0)
        expect([kind, seed, sum]).toEqual([kind, seed, total * times])
        results += values.length
      }
    }
    expect(restarts).toBeGreaterThan(0)
    expect(rescaled).toBeGreaterThan(0)
    // Not all of them are what is open at the end: of 6 shops and 4 kinds.
    expect(results).toBeGreaterThan(12 * 6 * 8)
  })

  inBothForms('are there for all timestamps that can be reckoned with', async (collect) => {
    const count = { init: () => 0, add: (n: number) => n + 1 }
    const once = processingTime(tumbling({ hours: 1 }))
    const keyed = (flow: Flow) => flow.source('in', fromIterable([5, 6])).keyLocal('one', () => 'one')
    const dates = await collect((flow) => ({
      out: keyed(flow)
        .assignTimestamps('t', (n) => new Date(n), dateTime)
        .generateEpochs('e', (_n, t) => t)
        .onTime.window(once)
        .aggregate('w', count),
    }))
    expect(dates.out.records).toEqual([{ value: 2, key: 'one', timestamp: new Date(7) }])
    const bigints = await collect((flow) => ({
      out: keyed(flow)
        .assignTimestamps('t', (n) => BigInt(n), bigintTime)
        .generateEpochs('e', (_n, t) => t)
        .onTime.window(processingTime(global()))
        .aggregate('w', count),
    }))
    expect(bigints.out.records).toEqual([{ value: 2, key: 'one', timestamp: 7n }])
    const far = await collect((flow) => ({
      out: keyed(flow)
        .assignTimestamps('t', () => 2 ** 60)
        .generateEpochs('e', (_n, t) => t)
        .onTime.window(once)
        .aggregate('w', count),
    }))
    expect(far.out.records.map(({ timestamp }) => (timestamp as number) > 2 ** 60)).toEqual([true])
  })

  inBothForms('are refused with what makes no sense for them', async (collect) => {
    const messageOf = async (windows: ProcessingWindows, change: (windowed: never) => unknown = (windowed) => windowed) =>
      (
        await errorOf(
          collect((flow) => {
            const windowed = flow
              .source('in', fromIterable([1]))
              .keyLocal('one', () => 'one')
              .window(windows as ProcessingWindows<false>)
            return { out: (change(windowed as never) as typeof windowed).aggregate('w', { init: () => 0, add: (n) => n }) }
          }),
        )
      ).message
    const once = processingTime(tumbling(10))
    const late = await errorOf(
      collect((flow) => {
        const { onTime, late } = flow.source('in', fromIterable([1]), { epochs: limitOutOfOrderness(0) })
        const windowed = onTime.keyLocal('one', () => 'one').window(once)
        const withLate = (
          windowed as never as { allowedLateness(size: number, late: unknown): { count(name: string): { results: never } } }
        )
          .allowedLateness(
            5,
            late.keyLocal('late one', () => 'one'),
          )
          .count('w')
        return { out: withLate.results }
      }),
    )
    expect(late.message).toMatch(/Operator "w".*nothing is late for windows of processing time/)
    expect(await messageOf(processingTime(session({ gap: 10 })))).toMatch(/the aggregate needs merge/)
    expect(await messageOf(processingTime(tumbling(0)))).toMatch(/the size of tumbling windows must be above 0/)
    expect(() => processingTime(5 as never)).toThrow(/an object with the method assigner is needed/)
  })

  it('refuse saved windows of another size, and of event time', async () => {
    let build: (flow: Flow) => void = () => {}
    const job = defineJob({ name: 'change', module: import.meta.url, build: (flow) => build(flow) })
    const windowed = (windows: ProcessingWindows<false>) => (flow: Flow) =>
      flow
        .source('in', unopened)
        .keyLocal('one', () => 'one')
        .window(windows)
        .count('w')
        .sink('out', { openPartition: missing })
    build = windowed(processingTime(tumbling(10)))
    const source = testSource<number>()
    await using test = await testJob(job, { sources: { in: source }, sinks: { out: testSink<number, string>() } })
    source.push(1, 1)
    await test.snapshot()
    test.crash()
    build = windowed(processingTime(tumbling(20)))
    const error = await errorOf(test.start().then(() => test.settle()))
    expect(error).toMatchObject({ code: 'ERR_SNAPSHOT_MISMATCH' })
    expect(error.message).toMatch(/of processing time tumbling\(10\) and is .* of processing time tumbling\(20\) now/)
  })
})
