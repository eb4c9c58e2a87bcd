import { bigintTime } from '@malstrom/core'
import { type Change, type KeyedStream, type Stream, type Table, tumbling, type Upsert } from '@malstrom/operators'
import { expectTypeOf } from 'vitest'

interface Bid {
  readonly auction: number
  readonly price: number
  readonly cents: bigint
  readonly at: Date
}
declare const stream: Stream<Bid, number>
const bids = stream.keyDistribute('auction', ({ auction }) => auction)

// Running aggregates: literals widen, numbers and bigints stay apart.
expectTypeOf(bids.count('c')).toEqualTypeOf<KeyedStream<number, number, number>>()
expectTypeOf(bids.sum('s', ({ price }, key, at) => price + key + at)).toEqualTypeOf<KeyedStream<number, number, number>>()
expectTypeOf(bids.sum('s', ({ cents }) => cents, { ttl: { hours: 1 } })).toEqualTypeOf<KeyedStream<number, bigint, number>>()
expectTypeOf(bids.sum('s', () => 1)).toEqualTypeOf<KeyedStream<number, number, number>>()
expectTypeOf(bids.average('a', ({ cents }) => cents)).toEqualTypeOf<KeyedStream<number, number, number>>()
expectTypeOf(bids.min('m', ({ at }) => at)).toEqualTypeOf<KeyedStream<number, Date, number>>()
expectTypeOf(bids.max('m', ({ price }) => String(price), { ttl: 5 })).toEqualTypeOf<KeyedStream<number, string, number>>()
expectTypeOf(bids.distinct('d', { by: ({ price }, key, at) => price + key + at, ttl: 5 })).toEqualTypeOf<KeyedStream<number, Bid, number>>()
expectTypeOf(bids.topN('t', 3, ({ price }) => price, { ties: 'all' })).toEqualTypeOf<KeyedStream<number, Change<Bid>, number>>()

// Tables
const table = bids.table('t', { ttl: { minutes: 5 } })
expectTypeOf(table).toEqualTypeOf<Table<number, Bid, number>>()
expectTypeOf(bids.map('m', (bid) => (bid.price > 1 ? bid : undefined)).table('t')).toEqualTypeOf<Table<number, Bid, number>>()
expectTypeOf(bids.rows('r').changes()).toEqualTypeOf<KeyedStream<number, Change<Bid>, number>>()
expectTypeOf(bids.topN('t', 3, ({ price }) => price).asTable()).toEqualTypeOf<Table<number, Bid, number>>()
expectTypeOf(table.groupBy('g', ({ price }) => (price > 1 ? 'dear' : 'cheap')).sum('s', ({ cents }) => cents)).toEqualTypeOf<
  Table<string, bigint, number>
>()
expectTypeOf(table.map('m', ({ price }, key) => [price, key] as const).max('m', ([price]) => price)).toEqualTypeOf<
  Table<number, number, number>
>()
expectTypeOf(table.map('m', (bid): number | string => bid.price).filter('f', (row) => typeof row === 'string')).toEqualTypeOf<
  Table<number, string, number>
>()
expectTypeOf(table.count('c').toUpserts('u')).toEqualTypeOf<KeyedStream<number, Upsert<number, number>, number>>()
expectTypeOf(table.topN('t', 3, ({ at }) => at)).toEqualTypeOf<Table<number, Bid, number>>()

// Windows
const hours = bids.window(tumbling({ hours: 1 }))
expectTypeOf(hours.count('c')).toEqualTypeOf<KeyedStream<number, number, number>>()
expectTypeOf(hours.sum('s', ({ cents }, key, at) => cents + BigInt(key + at))).toEqualTypeOf<KeyedStream<number, bigint, number>>()
expectTypeOf(hours.max('m', ({ at }) => at)).toEqualTypeOf<KeyedStream<number, Date, number>>()
expectTypeOf(hours.topN('t', 3, ({ price }) => price)).toEqualTypeOf<KeyedStream<number, readonly Bid[], number>>()
expectTypeOf(hours.allowedLateness(5, bids).distinct('d', ({ price }) => price).results).toEqualTypeOf<
  KeyedStream<number, readonly Bid[], number>
>()

// Time to live
const big = bids.assignTimestamps('t', () => 1n, bigintTime).generateEpochs('e', (_bid, at) => at).onTime
expectTypeOf(big.reduce('r', (a) => a, { ttl: 5n })).toEqualTypeOf<KeyedStream<number, Bid, bigint>>()
declare const versions: KeyedStream<string, number, readonly [number, number]>

// Misuses that must not compile.

// @ts-expect-error only keyed streams are aggregated
stream.count('c')
// @ts-expect-error only keyed streams become tables
stream.table('t')
// @ts-expect-error objects cannot be added up
bids.sum('s', (bid) => bid)
// @ts-expect-error texts cannot be added up
bids.sum('s', ({ price }) => String(price))
// @ts-expect-error objects have no order
bids.min('m', (bid) => bid)
// @ts-expect-error objects have no order, also for topN
table.topN('t', 3, (bid) => bid)
// @ts-expect-error topN says by what
bids.topN('t', 3)
// @ts-expect-error records are not told apart by objects
bids.distinct('d', { by: ({ at }) => at })
// @ts-expect-error a time to live needs timestamps that can be added to
versions.count('c', { ttl: 5 })
// @ts-expect-error an option that there is not
bids.count('c', { tll: 5 })
// @ts-expect-error a stream of other values is no stream of changes
bids.asTable()
// @ts-expect-error a table is no stream
table.sink
// @ts-expect-error ties are first or all
bids.topN('t', 3, ({ price }) => price, { ties: 'last' })
