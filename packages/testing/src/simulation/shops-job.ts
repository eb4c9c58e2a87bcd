import type { Key, KeyedState, Output, Partitioner, StatefulLogic } from '@malstrom/core'
import { rendezvousSelect } from '@malstrom/core'
import { defineJob, type ExpireMap, limitOutOfOrderness } from '@malstrom/operators'
import { Dice } from './dice.ts'
import type { SimulatedWorld } from './simulate.ts'
import type { SimulatedSink } from './simulated-sink.ts'
import type { SimulatedRecord } from './simulated-source.ts'

interface Sale {
  readonly shop: string
  readonly amount: number
}

const JITTER_MS = 40
const BUCKET_MS = 50
const REGIONS = 3

type Buckets = Map<number, number>

/** Sums per shop and stretch of time, emitted when the time has passed. */
const bucketSums = (): StatefulLogic<string, Sale, string, number, Buckets> => ({
  init: () => new Map(),
  onData(sale, buckets, _output, _key, timestamp) {
    const bucket = Math.floor(timestamp / BUCKET_MS)
    buckets.set(bucket, (buckets.get(bucket) ?? 0) + sale.amount)
    return buckets
  },
  onEpoch(epoch, states: KeyedState<string, Buckets>, output: Output<string, string, number>) {
    for (const [shop, buckets] of states) {
      for (const [bucket, sum] of buckets) {
        if ((bucket + 1) * BUCKET_MS - 1 > epoch) continue
        output.emit(`${bucket}=${sum}`, shop, epoch)
        buckets.delete(bucket)
      }
      if (buckets.size === 0) states.delete(shop)
    }
  },
})

/** Fails the job if a record comes at or behind an epoch, or an epoch is less than the one before. */
function epochLaw<V>() {
  let frontier = Number.NEGATIVE_INFINITY
  return {
    onData(value: V, output: Output<V, string, number>, key: string, timestamp: number) {
      if (timestamp <= frontier) throw new Error(`a record at ${timestamp} comes after Epoch(${frontier})`)
      output.emit(value, key, timestamp)
    },
    onEpoch(epoch: number) {
      if (epoch < frontier) throw new Error(`Epoch(${epoch}) comes after Epoch(${frontier})`)
      frontier = epoch
    },
  }
}

export interface ShopsJob {
  readonly job: ReturnType<typeof defineJob<void>>
  /** Throws if the visible results are not what each record counted once gives. */
  check(): void
}

/**
 * A job for several workers whose results tell of every mistake: running counts per shop; the same counts after a second
 * exchange, where each is to come after the one before it; sums per stretch of time; entries that expire. Two sources with several
 * partitions each meet in a union.
 */
export function shopsJob(world: SimulatedWorld, seed: number): ShopsJob {
  const dice = new Dice(seed + 2_000_003)
  const shops = Array.from({ length: 2 + dice.below(25) }, (_, n) => `shop ${n}`)
  const partitions = (name: string) =>
    Object.fromEntries(Array.from({ length: 1 + dice.below(3) }, (_, n) => [`${name} ${n}`, sales(dice, shops, 5 + dice.below(40))]))
  const [counters, online] = [partitions('counter'), partitions('online')]
  const partitioner: Partitioner<Key> = dice.chance(0.5)
    ? rendezvousSelect
    : (key, workers) => workers[String(key).length % workers.length] as number
  const [counts, ordered, sums, seen] = Array.from({ length: 4 }, () => world.sink()) as [
    SimulatedSink,
    SimulatedSink,
    SimulatedSink,
    SimulatedSink,
  ]
  const late = world.sink()
  const job = defineJob({
    name: 'shops',
    module: import.meta.url,
    build(flow) {
      const atCounter = flow.source('counters', world.source(counters), { epochs: limitOutOfOrderness(JITTER_MS) })
      const onTheWeb = flow.source('online', world.source(online), { epochs: limitOutOfOrderness(JITTER_MS) })
      atCounter.late.union(onTheWeb.late).sink('late', late)
      const all = atCounter.onTime
        .union(onTheWeb.onTime)
        .keyDistribute('by shop', ({ shop }) => shop, partitioner)
        .statelessOp('law', epochLaw<Sale>())
      const counted = all.fold(
        'count',
        () => 0,
        (count) => count + 1,
      )
      counted.map('count of shop', (count) => `${count}`).sink('counts', counts)
      counted
        .map('with shop', (count, shop) => ({ shop, count }))
        .keyDistribute('by region', ({ shop }) => `region ${shop.length % REGIONS}`)
        .statelessOp('law of regions', epochLaw<{ shop: string; count: number }>())
        .statefulMap(
          'all so far',
          () => 0,
          (n, { shop, count }) => [`${shop}: ${count}`, n + 1],
        )
        .sink('ordered', ordered)
      all.statefulOp('buckets', bucketSums()).sink('sums', sums)
      all
        .ttlMap('recent', (entries: ExpireMap<number, number, number>, { amount }, _key, timestamp) => [
          entries.size,
          entries.set(timestamp, amount, timestamp + BUCKET_MS),
        ])
        .sink('seen', seen)
    },
  })
  const records = [...Object.values(counters), ...Object.values(online)].flat()
  const check = () => {
    checkCounts(
      'counts',
      records,
      counts.visible.map(({ key, value }) => [key as string, Number(value)] as const),
    )
    checkCounts(
      'counts by region',
      records,
      ordered.visible.map(({ value }) => parseCount(value as string)),
    )
    checkSums(records, sums)
    if (late.visible.length > 0) throw new Error(`${late.visible.length} records are late, and none should be`)
    if (seen.visible.length !== records.length) throw new Error(`${seen.visible.length} of ${records.length} records came through the map`)
  }
  return { job, check }
}

function sales(dice: Dice, shops: readonly string[], count: number): SimulatedRecord<Sale, number>[] {
  return Array.from({ length: count }, (_, n) => ({
    value: { shop: dice.pick(shops), amount: 1 + dice.below(100) },
    timestamp: n * 7 + dice.below(JITTER_MS),
  }))
}

function parseCount(text: string): readonly [string, number] {
  const [shop = '', count = ''] = text.split(': ')
  return [shop, Number(count)]
}

function checkCounts(
  what: string,
  records: readonly SimulatedRecord<Sale, number>[],
  results: readonly (readonly [string, number])[],
): void {
  const expected = new Map<string, number>()
  const byShop = new Map<string, number[]>()
  for (const { value } of records) {
    expected.set(value.shop, (expected.get(value.shop) ?? 0) + 1)
    byShop.set(value.shop, [])
  }
  for (const [shop, n] of results) byShop.get(shop)?.push(n)
  for (const [shop, count] of expected) {
    const counted = byShop.get(shop) ?? []
    const right = counted.length === count && counted.every((n, index) => n === index + 1)
    if (!right) throw new Error(`the ${what} of ${shop} are ${counted.join(' ')}, and not 1 to ${count}`)
  }
  if (results.length !== records.length) throw new Error(`there are ${results.length} ${what} for ${records.length} records`)
}

function checkSums(records: readonly SimulatedRecord<Sale, number>[], sink: SimulatedSink): void {
  const expected = new Map<string, number>()
  for (const { value, timestamp } of records) {
    const name = `${value.shop} ${Math.floor(timestamp / BUCKET_MS)}`
    expected.set(name, (expected.get(name) ?? 0) + value.amount)
  }
  const actual = sink.visible.map(({ key, value }) => `${key} ${value}`).sort()
  const wanted = [...expected].map(([name, sum]) => `${name}=${sum}`).sort()
  const wrong = actual.find((text, index) => text !== wanted[index]) ?? wanted[actual.length]
  if (wrong !== undefined || actual.length !== wanted.length) {
    throw new Error(`${actual.length} sums instead of ${wanted.length}; the first that is wrong or missing: ${wrong}`)
  }
}
