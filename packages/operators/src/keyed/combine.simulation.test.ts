import { defineJob, sliding, tumbling } from '@malstrom/operators'
import { type SimulatedRecord, type SimulatedSink, simulate } from '@malstrom/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

interface Sale {
  readonly shop: string
  readonly product: number
  readonly amount: number
}

const PARTITIONS = ['a', 'b', 'c']
const RECORDS = 90
const HOUR = 60
const LATE_MS = 25

/** Few shops and products, and several sales at the same time, out of order by less than `LATE_MS`. */
const sales = fc.array(
  fc.record({
    shop: fc.constantFrom('x', 'y', 'z'),
    product: fc.nat(2),
    amount: fc.integer({ min: 1, max: 9 }),
    jitter: fc.constantFrom(0, 10, 20),
  }),
  { minLength: RECORDS, maxLength: RECORDS },
)

function partitionsOf(seed: number): Record<string, SimulatedRecord<Sale, number>[]> {
  const lists = fc.sample(sales, { seed, numRuns: PARTITIONS.length })
  return Object.fromEntries(
    PARTITIONS.map((name, index) => [
      name,
      (lists[index] as (typeof lists)[number]).map(({ jitter, ...value }, n) => ({
        value,
        timestamp: 100 + Math.floor(n / 4) * 10 - jitter,
      })),
    ]),
  )
}

/** What each shop has sold of each product in windows of an hour that begin every `slide`, by definition. */
function naive(partitions: Record<string, SimulatedRecord<Sale, number>[]>, size: number, slide: number): string[] {
  const sums = new Map<string, number>()
  for (const { value, timestamp } of Object.values(partitions).flat()) {
    for (let start = Math.floor(timestamp / slide) * slide; start > timestamp - size; start -= slide) {
      const name = `${value.shop} ${value.product} ${start}`
      sums.set(name, (sums.get(name) ?? 0) + value.amount)
    }
  }
  return [...sums].map(([name, sum]) => `${name}: ${sum}`).toSorted()
}

interface Made {
  /** How many records were made part of another one. */
  merged: number
}

function salesJob(
  source: Parameters<Parameters<typeof simulate>[0]>[0],
  sink: SimulatedSink,
  seed: number,
  size: number,
  slide: number,
  made: Made,
) {
  const windows = slide === size ? tumbling(size) : sliding({ size, slide })
  const within = seed % 4 === 0 ? {} : { within: windows }
  return defineJob({
    name: 'sales',
    module: import.meta.url,
    build(flow) {
      const sold = flow.source('sales', source.source(partitionsOf(seed)), {
        epochs: (_sale: Sale, timestamp: number) => timestamp - LATE_MS,
      })
      sold.late
        .map('late', (sale) => `late ${sale.amount}`)
        .keyDistribute('late-by', (text) => text)
        .discard('too-late')
      sold.onTime
        .keyDistribute('by-shop', ({ shop }) => shop, {
          combine: {
            ...within,
            by: ({ product }) => product,
            merge(earlier, later) {
              made.merged++
              expect([later.shop, later.product]).toEqual([earlier.shop, earlier.product])
              return { ...earlier, amount: earlier.amount + later.amount }
            },
          },
        })
        .window(windows)
        .aggregate('products', {
          init: () => new Map<number, number>(),
          add: (sums, { product, amount }) => new Map(sums).set(product, (sums.get(product) ?? 0) + amount),
          merge: (a, b) => [...b].reduce((sums, [product, sum]) => sums.set(product, (sums.get(product) ?? 0) + sum), new Map(a)),
          emit: (sums, { start }, shop) => [...sums].map(([product, sum]) => `${shop} ${product} ${start}: ${sum}`),
        })
        .flatten('each')
        .sink('out', sink)
    },
  })
}

describe('records that are combined before they are sent, in a world of crashes and rescales', () => {
  it.each(Array.from({ length: 16 }, (_, index) => index + 1))('windows have the sums of all records (seed %i)', async (seed) => {
    const [size, slide] = seed % 2 === 0 ? [HOUR, HOUR] : [HOUR, HOUR / 3]
    const made: Made = { merged: 0 }
    let sink: SimulatedSink | undefined
    await simulate(
      (world) => {
        sink = world.sink()
        return salesJob(world, sink, seed, size, slide, made)
      },
      { seed, workers: 1 + (seed % 3) },
    )
    const visible = (sink as unknown as SimulatedSink).visible.map(({ value }) => value as string)
    expect(visible.toSorted()).toEqual(naive(partitionsOf(seed), size, slide))
    // On one worker nothing is combined, until it becomes several.
    if (seed % 3 !== 0) expect(made.merged).toBeGreaterThan(0)
  })
})
