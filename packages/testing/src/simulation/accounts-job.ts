import type { KeyedState, Output, StatefulLogic } from '@malstrom/core'
import { defineJob, type ExpireMap, limitOutOfOrderness, periodic } from '@malstrom/operators'
import { Dice } from './dice.ts'
import type { SimulatedWorld } from './simulate.ts'
import type { SimulatedSink } from './simulated-sink.ts'
import type { SimulatedRecord } from './simulated-source.ts'

interface Payment {
  readonly account: string
  readonly amount: number
  /** The number of the payment among those of its account online. */
  readonly nth?: number
}

interface Counter {
  count: number
  last: Payment | undefined
}

const newCounter = (): Counter => ({ count: 0, last: undefined })

/** Changes the state it is given, as users do. */
function countInPlace(counter: Counter, payment: Payment): Counter {
  counter.count++
  counter.last = payment
  return counter
}

/** How far records are out of order; the job allows for as much. */
const JITTER_MS = 40
const BUCKET_MS = 50
/** Less than what records are out of order by, so that some are late. */
const ONLINE_BOUND_MS = 12
const EPOCH_RECORDS = 5
/** A tab is forgotten when it has so many drinks. */
const TAB_MAX = 3

type Sinks = [SimulatedSink, SimulatedSink, SimulatedSink, SimulatedSink, SimulatedSink, SimulatedSink]

type Buckets = Map<number, number>

/** Sums per account and stretch of time, emitted when the time has passed. The state is changed in place. */
const bucketSums: StatefulLogic<string, Payment, string, number, Buckets> = {
  init: () => new Map(),
  onData(payment, buckets, _output, _key, timestamp) {
    const bucket = Math.floor(timestamp / BUCKET_MS)
    buckets.set(bucket, (buckets.get(bucket) ?? 0) + payment.amount)
    return buckets
  },
  onEpoch(epoch, states: KeyedState<string, Buckets>, output: Output<string, string, number>) {
    for (const [account, buckets] of states) {
      for (const [bucket, sum] of buckets) {
        if ((bucket + 1) * BUCKET_MS - 1 > epoch) continue
        output.emit(`${bucket}=${sum}`, account, epoch)
        buckets.delete(bucket)
      }
      if (buckets.size === 0) states.delete(account)
    }
  },
}

export interface AccountsJob {
  readonly job: ReturnType<typeof defineJob<void>>
  /** Throws if the visible results are not what each record counted once gives. */
  check(): void
}

/**
 * A job whose results tell of every mistake: running counts per account, which show each lost or repeated
 * record; sums per stretch of time, which show each epoch that came too early, late or twice; and a map
 * with entries that expire. Two sources meet in a union.
 */
export function accountsJob(world: SimulatedWorld, seed: number): AccountsJob {
  const dice = new Dice(seed + 1_000_003)
  const accounts = Array.from({ length: dice.chance(0.5) ? 3 + dice.below(20) : 30 + dice.below(40) }, (_, n) => `account ${n}`)
  const partition = () => payments(dice, accounts, 20 + dice.below(60))
  const shops = { north: partition(), south: partition() }
  const online = { web: partition() }
  const [counts, sums, seen, late, numbers, tabs] = Array.from({ length: 6 }, () => world.sink()) as Sinks
  const job = defineJob({
    name: 'accounts',
    module: import.meta.url,
    build(flow) {
      const { onTime, late: lateOnline } = flow
        .source('online', world.source(online))
        .generateEpochs('online epochs', periodic({ everyRecords: EPOCH_RECORDS }, limitOutOfOrderness(ONLINE_BOUND_MS)))
      lateOnline.sink('late', late)
      const numbered = onTime
        .keyLocal('online account', ({ account }) => account)
        .fold('seen before', newCounter, countInPlace)
        .statefulMap('number', newCounter, (counter, { last }) => {
          countInPlace(counter, last as Payment)
          return [{ ...(last as Payment), nth: counter.count }, counter]
        })
        .unkey('without key')
      const all = flow
        .source('shops', world.source(shops), { epochs: limitOutOfOrderness(JITTER_MS), idleAfterMs: 1_000_000 })
        .onTime.union(numbered)
        .keyDistribute('by account', ({ account }) => account)
      all
        .filter('online only', ({ nth }) => nth !== undefined)
        .map('nth', ({ nth }) => nth)
        .sink('numbers', numbers)
      all
        .fold(
          'count',
          () => ({ count: 0, amounts: [] as number[] }),
          (state, { amount }) => {
            state.count++
            state.amounts.push(amount)
            return state
          },
        )
        .map('running', ({ count, amounts }) => `${count}/${amounts.reduce((sum, amount) => sum + amount, 0)}`)
        .sink('counts', counts)
      all
        .statefulMap(
          'tab',
          () => 0,
          (drinks) => [drinks + 1, drinks + 1 === TAB_MAX ? undefined : drinks + 1],
        )
        .sink('tabs', tabs)
      all.statefulOp('buckets', bucketSums).sink('sums', sums)
      all
        .ttlMap('recent', (entries: ExpireMap<number, number, number>, { amount }, _key, timestamp) => [
          entries.size,
          entries.set(timestamp, amount, timestamp + BUCKET_MS),
        ])
        .sink('seen', seen)
    },
  })
  const { onTime, late: lateRecords } = separated(online.web)
  const records = [...shops.north, ...shops.south, ...onTime]
  const check = () => {
    checkCounts(records, counts)
    checkSums(records, sums)
    checkNumbers('payments online', onTime, numbers, (n) => n + 1)
    checkNumbers('tabs', records, tabs, (n) => (n % TAB_MAX) + 1)
    expectSame('late', late, lateRecords)
    if (seen.visible.length !== records.length) throw new Error(`${seen.visible.length} of ${records.length} records came through the map`)
  }
  return { job, check }
}

function payments(dice: Dice, accounts: readonly string[], count: number): SimulatedRecord<Payment, number>[] {
  return Array.from({ length: count }, (_, n) => ({
    value: { account: dice.pick(accounts), amount: 1 + dice.below(100) },
    timestamp: n * 7 + dice.below(JITTER_MS),
  }))
}

function checkCounts(records: readonly SimulatedRecord<Payment, number>[], sink: SimulatedSink): void {
  const byAccount = groupBy(sink)
  const expected = new Map<string, { count: number; sum: number }>()
  for (const { value } of records) {
    const known = expected.get(value.account) ?? { count: 0, sum: 0 }
    expected.set(value.account, { count: known.count + 1, sum: known.sum + value.amount })
  }
  for (const [account, { count, sum }] of expected) {
    const results = byAccount.get(account) ?? []
    const counted = results.map((result) => Number(result.split('/')[0]))
    const right = counted.length === count && counted.every((n, index) => n === index + 1)
    if (!right) throw new Error(`the counts of ${account} are ${counted.join(' ')}, and not 1 to ${count}`)
    if (results.at(-1) !== `${count}/${sum}`) throw new Error(`${account} ends with ${results.at(-1)}, not ${count}/${sum}`)
  }
}

function checkSums(records: readonly SimulatedRecord<Payment, number>[], sink: SimulatedSink): void {
  const expected = new Map<string, number>()
  for (const { value, timestamp } of records) {
    const name = `${value.account} ${Math.floor(timestamp / BUCKET_MS)}`
    expected.set(name, (expected.get(name) ?? 0) + value.amount)
  }
  const actual = sink.visible.map(({ key, value }) => `${key} ${value}`).sort()
  const wanted = [...expected].map(([name, sum]) => `${name}=${sum}`).sort()
  const wrong = actual.find((text, index) => text !== wanted[index]) ?? wanted[actual.length]
  if (wrong !== undefined || actual.length !== wanted.length) {
    throw new Error(`${actual.length} sums instead of ${wanted.length}; the first that is wrong or missing: ${wrong}`)
  }
}

/** What the epochs of the online source make of its records. */
function separated(records: readonly SimulatedRecord<Payment, number>[]) {
  const onTime: SimulatedRecord<Payment, number>[] = []
  const late: SimulatedRecord<Payment, number>[] = []
  let epoch = Number.NEGATIVE_INFINITY
  let latest = Number.NEGATIVE_INFINITY
  for (const [index, record] of records.entries()) {
    latest = Math.max(latest, record.timestamp - ONLINE_BOUND_MS)
    if (record.timestamp <= epoch) late.push(record)
    else onTime.push(record)
    if (index % EPOCH_RECORDS === EPOCH_RECORDS - 1) epoch = Math.max(epoch, latest)
  }
  return { onTime, late }
}

function checkNumbers(
  what: string,
  records: readonly SimulatedRecord<Payment, number>[],
  sink: SimulatedSink,
  wantedAt: (index: number) => number,
): void {
  const counts = new Map<string, number>()
  for (const { value } of records) counts.set(value.account, (counts.get(value.account) ?? 0) + 1)
  const numbered = groupBy(sink)
  for (const [account, count] of counts) {
    const numbers = numbered.get(account)?.join(' ')
    const wanted = Array.from({ length: count }, (_, n) => wantedAt(n)).join(' ')
    if (numbers !== wanted) throw new Error(`the ${what} of ${account} have the numbers ${numbers}, and not ${wanted}`)
  }
}

function expectSame(what: string, sink: SimulatedSink, records: readonly SimulatedRecord<Payment, number>[]): void {
  const actual = sink.visible.map(({ timestamp }) => timestamp).join(' ')
  const wanted = records.map(({ timestamp }) => timestamp).join(' ')
  if (actual !== wanted) throw new Error(`the ${what} records are those at ${actual}, and not those at ${wanted}`)
}

function groupBy(sink: SimulatedSink): Map<string, string[]> {
  const groups = new Map<string, string[]>()
  for (const { key, value } of sink.visible) groups.set(key as string, [...(groups.get(key as string) ?? []), value as string])
  return groups
}
