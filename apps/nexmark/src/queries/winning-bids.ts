import type { Output, StatefulLogic } from '@malstrom/core'
import type { Stream } from 'malstrom'
import type { NexmarkEvent } from '../events.ts'

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
 * The winner of each auction that had a bid, at the time at which the auction expires: the highest price, of equal ones the
 * earliest. A bid counts if its time is from that of its auction to when that expires, both included.
 *
 * An operator of its own: `auctions.intervalJoin(bids, { lower: 0, upper: (auction) => auction.expires, matchesOnce: 'right' })`, then
 * a window of one millisecond at the end of the auction with `reduce`, gives the same rows, but passes on every bid where one number per
 * auction is enough, and reached 24% of the loop by hand.
 */
export function winningBids(events: Stream<NexmarkEvent, number>): Stream<WinningBid, number> {
  return events
    .filterMap('offers', offerOf)
    .keyDistribute('by auction', (offer) => offer.auction)
    .process('winning bids', closeAuctions())
    .unkey('winners')
}

/** An auction or a bid. Both have the same form, because records of one form go between threads several times as fast. */
interface Offer {
  readonly auction: number
  /** Who bids, or sells. */
  readonly person: number
  /** Negative for the auction itself. */
  readonly price: number
  readonly category: number
  readonly lastsMs: number
}

function offerOf(event: NexmarkEvent, timestamp: number): Offer | undefined {
  if (event.kind === 'bid') return { auction: event.auction, person: event.bidder, price: event.price, category: 0, lastsMs: 0 }
  if (event.kind === 'person') return undefined
  return { auction: event.id, person: event.seller, price: -1, category: event.category, lastsMs: event.expires - timestamp }
}

/** What is known of one auction. */
interface Lot {
  auction: Offer | undefined
  begins: number
  /**
   * Bids that came before their auction, which may count: of each the bidder, the price and the time. With several generators they are
   * a third of all, and numbers in a row cost the collector nothing.
   */
  early: number[] | undefined
  price: number
  bidder: number
  time: number
  /** The frontier at which it is over: when the auction expires or, without one, when none can come that its bids count for. */
  until: number
}

function closeAuctions(): StatefulLogic<number, Offer, WinningBid, number, Lot> {
  return {
    init: () => ({ auction: undefined, begins: 0, early: undefined, price: -1, bidder: 0, time: 0, until: 0 }),
    onData(offer, lot, _output, _key, timestamp, timers) {
      if (offer.price < 0) {
        openLot(lot, offer, timestamp)
        timers.at(lot.until)
      } else if (lot.auction !== undefined) bidOn(lot, offer.person, offer.price, timestamp)
      else {
        if (lot.early === undefined) {
          timers.at(timestamp)
          lot.early = [offer.person, offer.price, timestamp]
        } else lot.early.push(offer.person, offer.price, timestamp)
        if (timestamp > lot.until) lot.until = timestamp
      }
      return lot
    },
    onTimer(time, lot, output: Output<WinningBid, number, number>, id, timers) {
      const { auction, price, bidder, until: expires } = lot
      if (expires > time) {
        // What was set for an early bid. An auction has a timer of its own.
        if (auction === undefined) timers.at(expires)
        return lot
      }
      if (auction !== undefined && price >= 0) {
        output.emit(
          { auction: id, seller: auction.person, category: auction.category, price, bidder, time: lot.time, expires },
          id,
          expires,
        )
      }
      return undefined
    },
  }
}

function openLot(lot: Lot, auction: Offer, timestamp: number): void {
  lot.auction = auction
  lot.begins = timestamp
  lot.until = timestamp + auction.lastsMs
  const { early = [] } = lot
  for (let i = 0; i < early.length; i += 3) bidOn(lot, early[i] as number, early[i + 1] as number, early[i + 2] as number)
  lot.early = undefined
}

function bidOn(lot: Lot, bidder: number, price: number, time: number): void {
  if (price < lot.price || time < lot.begins || time > lot.until) return
  if (price === lot.price && (time > lot.time || (time === lot.time && bidder >= lot.bidder))) return
  lot.price = price
  lot.bidder = bidder
  lot.time = time
}
