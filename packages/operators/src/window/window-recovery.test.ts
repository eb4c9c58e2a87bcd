import { numberTime, type Sink, type Source } from '@malstrom/core'
import { defineJob, limitOutOfOrderness, session, sliding, tumbling } from '@malstrom/operators'
import { type SimulatedRecord, simulate, type TaskForm, taskForms, testJob, testSink, testSource } from '@malstrom/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Window } from './window.ts'

interface Sale {
  readonly shop: string
  readonly amount: number
}

// biome-ignore lint/suspicious/noExplicitAny: sinks of tests have partitions and states of their own
type AnySink = Sink<string, string, number, any, any>

const JITTER_MS = 40
const shops = ['x', 'y', 'z', 'u', 'v', 'w']

/** Changes the accumulator it is given, as users do. */
const sums = {
  init: () => ({ sum: 0 }),
  add(accumulator: { sum: number }, { amount }: Sale) {
    accumulator.sum += amount
    return accumulator
  },
  merge: (a: { sum: number }, b: { sum: number }) => ({ sum: a.sum + b.sum }),
  emit: ({ sum }: { sum: number }, { start, end }: Window<number>, shop: string) => `${shop} ${start}-${end}: ${sum}`,
}
const { merge: _, ...withoutMerge } = sums

const kinds = ['tumbling', 'slices', 'each', 'sessions', 'lasting'] as const
type Sinks = Readonly<Record<(typeof kinds)[number], AnySink>>

// biome-ignore lint/suspicious/noExplicitAny: sources of tests have positions of their own
function windowsJob(source: Source<Sale, number, any, any>, sinks: Sinks) {
  return defineJob({
    name: 'windows',
    module: import.meta.url,
    build(flow) {
      const sales = flow.source('sales', source, { epochs: limitOutOfOrderness(JITTER_MS) })
      const byShop = sales.onTime.keyDistribute('by shop', ({ shop }) => shop)
      const slides = byShop.window(sliding({ size: 60, slide: 20 }))
      byShop.window(tumbling(50)).aggregate('w tumbling', sums).sink('tumbling', sinks.tumbling)
      slides.aggregate('w slices', sums).sink('slices', sinks.slices)
      slides.aggregate('w each', withoutMerge).sink('each', sinks.each)
      byShop
        .window(session({ gap: 15 }))
        .aggregate('w sessions', sums)
        .sink('sessions', sinks.sessions)
      // Nothing is late, so what is allowed to be late changes no result; what is kept for it must not fire again.
      const lasting = byShop
        .window(tumbling(50))
        .allowedLateness(
          30,
          sales.late.keyDistribute('late by shop', ({ shop }) => shop),
        )
        .aggregate('w lasting', sums)
      lasting.results.sink('lasting', sinks.lasting)
      lasting.late.discard('too late')
    },
  })
}

/** What windows of `size` that start every `slide` have in them. */
function everyWindow(records: readonly SimulatedRecord<Sale, number>[], size: number, slide: number): string[] {
  const found = new Map<string, number>()
  for (const { value, timestamp } of records) {
    for (let start = Math.floor(timestamp / slide) * slide; start > timestamp - size; start -= slide) {
      const name = `${value.shop} ${start}-${start + size}`
      found.set(name, (found.get(name) ?? 0) + value.amount)
    }
  }
  return [...found].map(([name, sum]) => `${name}: ${sum}`).sort()
}

function everySession(records: readonly SimulatedRecord<Sale, number>[], gap: number): string[] {
  const results: string[] = []
  for (const shop of shops) {
    const own = records.filter(({ value }) => value.shop === shop).sort((a, b) => a.timestamp - b.timestamp)
    let open: { start: number; end: number; sum: number } | undefined
    const close = () => open !== undefined && results.push(`${shop} ${open.start}-${open.end}: ${open.sum}`)
    for (const { value, timestamp } of own) {
      if (open === undefined || timestamp > open.end) {
        close()
        open = { start: timestamp, end: timestamp, sum: 0 }
      }
      open.end = timestamp + gap
      open.sum += value.amount
    }
    close()
  }
  return results.sort()
}

function check(records: readonly SimulatedRecord<Sale, number>[], results: Readonly<Record<keyof Sinks, readonly { value: unknown }[]>>) {
  const found = Object.fromEntries(kinds.map((kind) => [kind, results[kind].map(({ value }) => value as string).sort()]))
  const slides = everyWindow(records, 60, 20)
  expect(found).toEqual({
    tumbling: everyWindow(records, 50, 50),
    slices: slides,
    each: slides,
    lasting: everyWindow(records, 50, 50),
    sessions: everySession(records, 15),
  })
}

/** Sales whose numbers come from a seed, without any that is late. */
function salesOf(seed: number, count: number): SimulatedRecord<Sale, number>[] {
  let state = seed
  const below = (n: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return (state >>> 8) % n
  }
  return Array.from({ length: count }, (_, n) => ({
    value: { shop: shops[below(shops.length)] as string, amount: 1 + below(9) },
    timestamp: n * 6 + below(JITTER_MS),
  }))
}

const SEEDS = Number(process.env.SEEDS ?? 12)
const FIRST = Number(process.env.FIRST_SEED ?? 1)

describe('windows survive', () => {
  it('workers that fail, and rescales from 1 to 3 to 2', { timeout: 300_000 }, async () => {
    let restarts = 0
    let rescaled = 0
    for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
      const partitions = { a: salesOf(seed, 60), b: salesOf(seed + 1_000, 40) }
      let sinks: Record<string, { readonly visible: readonly { value: unknown }[] }> = {}
      try {
        const result = await simulate(
          (world) => {
            const made = Object.fromEntries(kinds.map((kind) => [kind, world.sink()]))
            sinks = made as typeof sinks
            return windowsJob(world.source(partitions), made as unknown as Sinks)
          },
          { seed, workers: 1, rescaleTo: [3, 2] },
        )
        restarts += result.status.restarts
        rescaled += result.rescaled
        const visible = Object.fromEntries(kinds.map((kind) => [kind, sinks[kind]?.visible ?? []]))
        check([...partitions.a, ...partitions.b], visible as never)
      } catch (error) {
        throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error })
      }
    }
    expect(restarts).toBeGreaterThan(0)
    expect(rescaled).toBeGreaterThan(0)
  })

  it.each(taskForms)('a crash at any record behind two snapshots, the second of what has changed (%s)', async (tasks: TaskForm) => {
    await fc.assert(
      fc.asyncProperty(fc.nat(1_000), fc.nat(30), fc.nat(20), fc.nat(30), async (seed, first, second, lost) => {
        const records = salesOf(seed, 80)
        const before = first + second
        const source = testSource<Sale, number>()
        const made = Object.fromEntries(kinds.map((kind) => [kind, testSink<string, string>()]))
        const unopened = { time: numberTime, listPartitions: missing, openPartition: missing }
        const job = windowsJob(unopened, Object.fromEntries(kinds.map((kind) => [kind, { openPartition: missing }])) as never)
        await using test = await testJob(job, { sources: { sales: source }, sinks: made, tasks })
        for (const { value, timestamp } of records.slice(0, first)) source.push(value, timestamp)
        await test.snapshot()
        for (const { value, timestamp } of records.slice(first, before)) source.push(value, timestamp)
        await test.snapshot()
        for (const { value, timestamp } of records.slice(before, before + lost)) source.push(value, timestamp)
        await test.settle()
        test.crash()
        for (const { value, timestamp } of records.slice(before + lost)) source.push(value, timestamp)
        await test.start()
        await test.finish()
        const committed = Object.fromEntries(kinds.map((kind) => [kind, made[kind]?.committed ?? []]))
        check(records, committed as never)
      }),
      { numRuns: 12 },
    )
  })
})

function missing(): never {
  throw new Error('the real one is not opened')
}
