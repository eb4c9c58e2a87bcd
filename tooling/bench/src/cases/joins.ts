import { defineJob, fromIterable, type KeyedStream, limitOutOfOrderness, periodic, type Stream, singleThread, tumbling } from 'malstrom'
import { type Figure, figureOf } from '../figure.ts'
import { ChecksumSink } from '../pipeline.ts'
import { pollute } from '../pollute.ts'
import { runRounds } from '../rounds.ts'
import { ratios } from '../statistics.ts'
import {
  CLICK_MS,
  DISORDER_MS,
  type Entry,
  intervalJoinByHand,
  joinByHand,
  TTL_MS,
  tableJoinByHand,
  WINDOW_MS,
  windowJoinByHand,
} from './joins-by-hand.ts'
import { diceOf } from './values.ts'

const RECORDS = 1_000_000
const ROUNDS = { warmup: 1, counted: 7 }
const RECORDS_PER_MS = 2
const USERS = 10_000
/** Epochs are for those who wait for time, and cost what records cost: 20 a second of event time. */
const EPOCH_RECORDS = 100

type Entries = KeyedStream<number, Entry, number>
type Products = KeyedStream<number, number, number>

interface JoinCase {
  readonly name: string
  /** Whether it waits for event time. */
  readonly timed: boolean
  entries(): readonly Entry[]
  hand(entries: readonly Entry[]): number
  joined(left: Entries, right: Entries): Products
}

const product = (left: Entry, right: Entry) => left.amount * right.amount

const cases: readonly JoinCase[] = [
  {
    name: 'join',
    timed: true,
    entries: ordersAndPayments,
    hand: joinByHand,
    joined: (orders, payments) => orders.join('paid', payments, { ttl: TTL_MS, matchesOnce: 'both' }, product),
  },
  {
    name: 'intervalJoin',
    timed: true,
    entries: visits,
    hand: intervalJoinByHand,
    joined: (views, clicks) => views.intervalJoin('clicked', clicks, { lower: 0, upper: CLICK_MS }, product),
  },
  {
    name: 'windowJoin',
    timed: true,
    entries: visits,
    hand: windowJoinByHand,
    joined: (lefts, rights) => lefts.windowJoin('met', rights, { window: tumbling(WINDOW_MS) }, product),
  },
  {
    name: 'tableJoin',
    timed: false,
    entries: ratesAndPayments,
    hand: tableJoinByHand,
    joined: (payments, rates) => payments.tableJoin('in euros', rates, { unbounded: true }, product),
  },
]

class ProductSink extends ChecksumSink {
  override write(value: number): void {
    this.checksum += value
  }
}

/** Each join against the loop that one would write for it, over the same records of both streams. */
export async function runJoins(): Promise<Figure[]> {
  await pollute(['malstrom'])
  const figures: Figure[] = []
  for (const joinCase of cases) {
    const { name, hand } = joinCase
    const entries = joinCase.entries()
    const checksum = hand(entries)
    const samples = await runRounds(
      [
        { name: 'hand', records: RECORDS, checksum, run: () => hand(entries) },
        { name: 'malstrom', records: RECORDS, checksum, run: () => productsOf(entries, joinCase) },
      ],
      ROUNDS,
    )
    const [byHand = [], ours = []] = [samples.get('hand'), samples.get('malstrom')]
    figures.push(
      figureOf('joins', `${name}_ratio_to_hand`, 'ratio', ratios(byHand, ours)),
      figureOf('joins', `${name}_ns_per_record`, 'ns', ours),
      figureOf('joins', `${name}_hand_ns_per_record`, 'ns', byHand),
    )
  }
  return figures
}

async function productsOf(entries: readonly Entry[], { timed, joined }: JoinCase): Promise<number> {
  const sink = new ProductSink()
  const job = defineJob({
    name: 'joins',
    module: import.meta.url,
    build(flow) {
      const all = flow.source('entries', fromIterable(entries))
      const entriesInTime = timed ? inTime(all) : all
      const left = entriesInTime.filter('left', ({ side }) => side === 'left').keyDistribute('left by key', ({ key }) => key)
      const right = entriesInTime.filter('right', ({ side }) => side === 'right').keyDistribute('right by key', ({ key }) => key)
      joined(left, right).sink('checksum', sink)
    },
  })
  await singleThread().run(job)
  return sink.checksum
}

function inTime(entries: Stream<Entry, number>): Stream<Entry, number> {
  const { onTime, late } = entries
    .assignTimestamps('at', ({ at }) => at)
    .generateEpochs('epochs', periodic({ everyRecords: EPOCH_RECORDS }, limitOutOfOrderness(DISORDER_MS)))
  late.discard('late')
  return onTime
}

/** Orders, and a payment up to ten seconds later for 19 of 20. */
function ordersAndPayments(): Entry[] {
  const dice = diceOf(1)
  const entries = Array.from({ length: RECORDS / 2 }, (_, key): Entry[] => {
    const at = Math.floor((2 * key) / RECORDS_PER_MS)
    // One that is not paid has an entry of another order, so that there are as many.
    const paid = dice(20) > 0 ? key : RECORDS + key
    return [entryOf('left', key, dice(1_000), at), entryOf('right', paid, dice(1_000), at + dice(10_000))]
  })
  return outOfOrder(entries.flat(), dice)
}

/** Records of random users, of which half are of the right stream. */
function visits(): Entry[] {
  const dice = diceOf(USERS)
  const entries = Array.from({ length: RECORDS }, (_, n): Entry => {
    return entryOf(dice(2) === 0 ? 'left' : 'right', dice(USERS), dice(1_000), Math.floor(n / RECORDS_PER_MS))
  })
  return outOfOrder(entries, dice)
}

/**
 * First a rate for each key, then payments, and in one of ten records the same rate again: the two streams may overtake each other by
 * as many records as wait between two tasks, and the result must not depend on it. So the payments begin with some that find no rate.
 */
function ratesAndPayments(): Entry[] {
  const dice = diceOf(3)
  const rateOf = (key: number) => entryOf('right', key, 1 + (key % 100), 0)
  const rates = Array.from({ length: USERS }, (_, key) => rateOf(key))
  return Array.from({ length: RECORDS }, (_, n): Entry => {
    const at = Math.floor(n / RECORDS_PER_MS)
    const rate = rates[n] ?? (dice(10) === 0 ? rateOf(dice(USERS)) : undefined)
    if (rate !== undefined) return { ...rate, at }
    return entryOf('left', dice(USERS) + (n < 2 * USERS ? USERS : 0), dice(1_000), at)
  })
}

function entryOf(side: Entry['side'], key: number, amount: number, at: number): Entry {
  return { side, key, amount, at }
}

/** As they arrive, each up to half a second after its time. */
function outOfOrder(entries: readonly Entry[], dice: (sides: number) => number): Entry[] {
  return entries
    .map((entry) => ({ entry, arrives: entry.at + dice(DISORDER_MS) }))
    .sort((a, b) => a.arrives - b.arrives)
    .map(({ entry }) => entry)
}
