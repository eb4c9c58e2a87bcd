import type { Output, StatefulLogic } from '@malstrom/core'
import { type Emit, indexSelect, type Stream } from 'malstrom'
import type { Auction, Bid, NexmarkEvent } from '../events.ts'
import { beginOf, lastOf, sliceOf } from '../slices.ts'

/** An auction that is over, and who has won it. */
export interface WinningBid {
  readonly auction: number
  readonly seller: number
  readonly category: number
  readonly price: number
  readonly bidder: number
  /** When the bid was made. */
  readonly time: number
  /** When the auction has ended. */
  readonly expires: number
}

/**
 * The winner of each auction that had a bid, at the end of the slice of time in which the auction expires: the highest price, of equal
 * ones the earliest. A bid counts if its time is from that of its auction to when that expires, both included.
 *
 * An interval join in buckets of time, in two phases: an auction goes to every slice in which it takes bids, there the best of its bids
 * is found, and the best of all slices where the auction expires. Slices are seconds, and bids are treated on the worker that has read
 * them: of 100 events 92 are bids, which stay, and 7 auctions and 7 bids go on. When bids went to the worker of their auction, two
 * workers were no faster than one.
 */
export function winningBids(events: Stream<NexmarkEvent, number>): Stream<WinningBid, number> {
  return events
    .flatMapEmit('offers', offersOf)
    .keyDistribute('by slice', (offer, time) => (offer.kind === 'bid' ? sliceOf(time) : offer.slice), { partitioner: indexSelect })
    .process('best bids', bestOfSlice())
    .keyDistribute('by end', (bid) => sliceOf(bid.expires), { partitioner: indexSelect })
    .process('winning bids', bestOfAll())
    .unkey('winners')
}

/** An auction, for one of the slices in which it takes bids. */
interface Opening {
  readonly kind: 'opening'
  readonly slice: number
  readonly auction: number
  readonly seller: number
  readonly category: number
  readonly lastsMs: number
}

type Offer = Bid | Opening

function offersOf(event: NexmarkEvent, emit: Emit<Offer>, time: number): void {
  if (event.kind === 'bid') emit(event)
  else if (event.kind === 'auction') openingsOf(event, emit, time)
}

function openingsOf({ id: auction, seller, category, expires }: Auction, emit: Emit<Offer>, time: number): void {
  const last = sliceOf(expires)
  for (let slice = sliceOf(time); slice <= last; slice++) {
    emit({ kind: 'opening', slice, auction, seller, category, lastsMs: expires - time })
  }
}

/** What is known of a slice. Times are in milliseconds since it has begun: small whole numbers, which V8 does not box. */
interface Slice {
  readonly lots: Map<number, Lot>
  /**
   * Bids on auctions that are not known, because they come later, or were over: of each the auction, the bidder, the price and the time.
   * Numbers in a row cost the collector nothing.
   */
  early: Float64Array
  /** The numbers that are in `early`. */
  earlyEnd: number
}

/** An auction in a slice, with its best bid there. */
interface Lot {
  readonly auction: number
  readonly seller: number
  readonly category: number
  readonly beginsMs: number
  readonly endsMs: number
  /** Negative without a bid. */
  price: number
  bidder: number
  bidMs: number
}

/** Numbers of an early bid. */
const EARLY_FIELDS = 4
/** So many early bids have room at first. */
const EARLY_ROOM = 256

function bestOfSlice(): StatefulLogic<number, Offer, WinningBid, number, Slice> {
  return {
    init: () => ({ lots: new Map(), early: new Float64Array(EARLY_FIELDS * EARLY_ROOM), earlyEnd: 0 }),
    onData(offer, slice, _output, key, timestamp, timers) {
      if (slice.earlyEnd === 0 && slice.lots.size === 0) timers.at(lastOf(key))
      const ms = timestamp - beginOf(key)
      if (offer.kind === 'bid') {
        const lot = slice.lots.get(offer.auction)
        if (lot === undefined) keepEarly(slice, offer, ms)
        else bidOn(lot, offer.bidder, offer.price, ms)
      } else {
        const { auction, seller, category, lastsMs } = offer
        slice.lots.set(auction, { auction, seller, category, beginsMs: ms, endsMs: ms + lastsMs, price: -1, bidder: 0, bidMs: 0 })
      }
      return slice
    },
    onTimer(_time, { lots, early, earlyEnd }, output: Output<WinningBid, number, number>, key) {
      for (let i = 0; i < earlyEnd; i += EARLY_FIELDS) {
        const lot = lots.get(early[i] as number)
        if (lot !== undefined) bidOn(lot, early[i + 1] as number, early[i + 2] as number, early[i + 3] as number)
      }
      const begin = beginOf(key)
      for (const { auction, seller, category, endsMs, price, bidder, bidMs } of lots.values()) {
        if (price < 0) continue
        const expires = begin + endsMs
        output.emit({ auction, seller, category, price, bidder, time: begin + bidMs, expires }, key, lastOf(sliceOf(expires)))
      }
      return undefined
    },
  }
}

function keepEarly(slice: Slice, { auction, bidder, price }: Bid, ms: number): void {
  const { earlyEnd } = slice
  if (earlyEnd === slice.early.length) {
    const longer = new Float64Array(2 * earlyEnd)
    longer.set(slice.early)
    slice.early = longer
  }
  const { early } = slice
  early[earlyEnd] = auction
  early[earlyEnd + 1] = bidder
  early[earlyEnd + 2] = price
  early[earlyEnd + 3] = ms
  slice.earlyEnd = earlyEnd + EARLY_FIELDS
}

function bidOn(lot: Lot, bidder: number, price: number, bidMs: number): void {
  if (price < lot.price || bidMs < lot.beginsMs || bidMs > lot.endsMs) return
  if (price === lot.price && !isBefore(bidMs, bidder, lot.bidMs, lot.bidder)) return
  lot.price = price
  lot.bidder = bidder
  lot.bidMs = bidMs
}

/** The best bid of each auction that expires in a slice. */
function bestOfAll(): StatefulLogic<number, WinningBid, WinningBid, number, Map<number, WinningBid>> {
  return {
    init: () => new Map(),
    onData(bid, best, _output, slice, _timestamp, timers) {
      if (best.size === 0) timers.at(lastOf(slice))
      const known = best.get(bid.auction)
      if (known === undefined || isBetter(bid, known)) best.set(bid.auction, bid)
      return best
    },
    onTimer(time, best, output: Output<WinningBid, number, number>, slice) {
      for (const bid of best.values()) output.emit(bid, slice, time)
      return undefined
    },
  }
}

function isBetter(bid: WinningBid, other: WinningBid): boolean {
  return bid.price > other.price || (bid.price === other.price && isBefore(bid.time, bid.bidder, other.time, other.bidder))
}

/** Of bids of the same price and time, the one of the bidder with the smaller number counts: something has to decide. */
function isBefore(time: number, bidder: number, otherTime: number, otherBidder: number): boolean {
  return time < otherTime || (time === otherTime && bidder < otherBidder)
}
