import type { bigintTime } from '@malstrom/core'
import { type KeyedStream, type Stream, tumbling } from '@malstrom/operators'
import { expectTypeOf } from 'vitest'

interface Auction {
  readonly id: number
  readonly expires: number
}
interface Bid {
  readonly price: number
}
declare const auctions: KeyedStream<number, Auction, number>
declare const bids: KeyedStream<number, Bid, number>
declare const rates: KeyedStream<number, number | undefined, number>
declare const unkeyed: Stream<Bid, number>
declare const byName: KeyedStream<string, Bid, number>
declare const inNanoseconds: KeyedStream<number, Bid, (typeof bigintTime)['max']>
declare const alsoInNanoseconds: typeof inNanoseconds
declare const byOrder: KeyedStream<number, Auction, { readonly order: number }>

// The result is what the function makes; the arguments follow from the streams and the type of the join.
expectTypeOf(auctions.join('j', bids, { unbounded: true }, ({ id }, { price }, key, t) => ({ id, price, key, t }))).toEqualTypeOf<
  KeyedStream<number, { id: number; price: number; key: number; t: number }, number>
>()
expectTypeOf(auctions.join('j', bids, { ttl: { minutes: 1 }, type: 'left' }, (auction, bid) => [auction, bid] as const)).toEqualTypeOf<
  KeyedStream<number, readonly [Auction, Bid | undefined], number>
>()
expectTypeOf(auctions.join('j', bids, { ttl: 5, type: 'right' }, (auction, bid) => [auction, bid] as const)).toEqualTypeOf<
  KeyedStream<number, readonly [Auction | undefined, Bid], number>
>()
expectTypeOf(
  auctions.intervalJoin('j', bids, { lower: -5, upper: { seconds: 1 }, type: 'outer' }, (auction, bid) => [auction, bid] as const),
).toEqualTypeOf<KeyedStream<number, readonly [Auction | undefined, Bid | undefined], number>>()
expectTypeOf(auctions.intervalJoin('j', bids, { lower: 0, upper: ({ expires }) => expires }, (_auction, { price }) => price)).toEqualTypeOf<
  KeyedStream<number, number, number>
>()
expectTypeOf(
  auctions.intervalJoin('j', bids, { lower: ({ expires }, t) => expires - t, upper: 0, keepRight: 9 }, (_auction, { price }) => price),
).toEqualTypeOf<KeyedStream<number, number, number>>()
inNanoseconds.intervalJoin('j', alsoInNanoseconds, { lower: -5n, upper: 5n }, (l, r) => l.price + r.price)
byOrder.intervalJoin('j', byOrder, { lower: (_l, t) => t, upper: (_l, { order }) => ({ order: order + 1 }), unbounded: true }, (l) => l.id)
expectTypeOf(
  auctions.windowJoin('j', bids, { window: tumbling({ minutes: 1 }), type: 'left' }, (auction, bid, { start }, key) => ({
    auction,
    bid,
    start,
    key,
  })),
).toEqualTypeOf<KeyedStream<number, { auction: Auction; bid: Bid | undefined; start: number; key: number }, number>>()
expectTypeOf(auctions.coGroup('j', bids, tumbling(5), (all, others, { end }) => [all.length + others.length + end])).toEqualTypeOf<
  KeyedStream<number, number, number>
>()
expectTypeOf(bids.tableJoin('j', rates, { unbounded: true }, ({ price }, rate) => price * rate)).toEqualTypeOf<
  KeyedStream<number, number, number>
>()
expectTypeOf(bids.temporalJoin('j', rates, { ttl: 5, type: 'left' }, (_bid, rate) => rate)).toEqualTypeOf<
  KeyedStream<number, number | undefined, number>
>()

// Keys and times of both sides are equal, and both have keys.
// @ts-expect-error a stream without keys
auctions.join('j', unkeyed, { unbounded: true }, () => 1)
// @ts-expect-error a stream without keys has no joins
unkeyed.join('j', bids, { unbounded: true }, () => 1)
// @ts-expect-error other keys
auctions.join('j', byName, { unbounded: true }, () => 1)
// @ts-expect-error other times
auctions.intervalJoin('j', inNanoseconds, { lower: 0, upper: 1 }, () => 1)
// @ts-expect-error other times
auctions.windowJoin('j', inNanoseconds, { window: tumbling(5) }, () => 1)
// @ts-expect-error other keys
auctions.temporalJoin('j', byName, { unbounded: true }, () => 1)

// What is kept has a bound, or is said to have none.
// @ts-expect-error neither ttl nor unbounded
auctions.join('j', bids, {}, () => 1)
// @ts-expect-error both
auctions.join('j', bids, { ttl: 5, unbounded: true }, () => 1)
// @ts-expect-error unbounded is true or absent
auctions.tableJoin('j', rates, { unbounded: false }, () => 1)
// @ts-expect-error no upper bound
auctions.intervalJoin('j', bids, { lower: 0 }, () => 1)
// @ts-expect-error a function as the lower bound does not say how long right records are kept
auctions.intervalJoin('j', bids, { lower: (_auction: Auction, t: number) => t, upper: 0 }, () => 1)
// @ts-expect-error a distance does
auctions.intervalJoin('j', bids, { lower: 0, upper: 0, keepRight: 5 }, () => 1)
// @ts-expect-error times without distances need functions
byOrder.intervalJoin('j', byOrder, { lower: 0, upper: 0 }, () => 1)

// A side that may be missing is to be looked at.
// @ts-expect-error the bid of a left join may be undefined
auctions.join('j', bids, { ttl: 5, type: 'left' }, (_auction, bid) => bid.price)
// @ts-expect-error no such type
auctions.join('j', bids, { ttl: 5, type: 'full' }, () => 1)
// @ts-expect-error rows without records are not emitted
bids.temporalJoin('j', rates, { ttl: 5, type: 'outer' }, () => 1)
// @ts-expect-error results of coGroup are several
auctions.coGroup('j', bids, tumbling(5), () => 1)
