import type { Bid } from '../events.ts'
import type { Query } from '../query.ts'
import { addSum, addTo, emptySum, type Sum, sumOf } from '../sum.ts'
import { bidsOf } from './bids.ts'

interface Totals {
  count: number
  readonly auction: Sum
  readonly bidder: Sum
  readonly price: Sum
}

/** What generator, engine and sink cost by themselves. */
export const q0: Query<Bid, Totals> = {
  about: 'bids as they are',
  epochs: false,
  results: bidsOf,
  spread: (bid) => bid.auction,
  summary: {
    empty: () => ({ count: 0, auction: emptySum(), bidder: emptySum(), price: emptySum() }),
    adder: (totals) => (bid) => {
      totals.count++
      addTo(totals.auction, bid.auction)
      addTo(totals.bidder, bid.bidder)
      addTo(totals.price, bid.price)
    },
    merge(totals, other) {
      totals.count += other.count
      addSum(totals.auction, other.auction)
      addSum(totals.bidder, other.bidder)
      addSum(totals.price, other.price)
    },
    answer: ({ count, auction, bidder, price }) => ({
      count,
      sumAuction: sumOf(auction),
      sumBidder: sumOf(bidder),
      sumPrice: sumOf(price),
    }),
  },
}
