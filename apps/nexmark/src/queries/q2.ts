import type { Query } from '../query.ts'
import { addSum, addTo, emptySum, type Sum, sumOf } from '../sum.ts'
import { isBid } from './bids.ts'

/** Bids on every so manieth auction are asked for. */
export const EVERY_AUCTION = 123

export interface AuctionAndPrice {
  readonly auction: number
  readonly price: number
}

interface Totals {
  count: number
  readonly auction: Sum
  readonly price: Sum
}

export const q2: Query<AuctionAndPrice, Totals> = {
  about: 'auction and price of the bids on every 123rd auction',
  epochs: false,
  results: (events) =>
    events
      .filter('bids', isBid)
      .filter('every 123rd auction', (bid) => bid.auction % EVERY_AUCTION === 0)
      .map('auction and price', (bid) => ({ auction: bid.auction, price: bid.price })),
  spread: (row) => row.auction,
  summary: {
    empty: () => ({ count: 0, auction: emptySum(), price: emptySum() }),
    adder: (totals) => (row) => {
      totals.count++
      addTo(totals.auction, row.auction)
      addTo(totals.price, row.price)
    },
    merge(totals, other) {
      totals.count += other.count
      addSum(totals.auction, other.auction)
      addSum(totals.price, other.price)
    },
    answer: ({ count, auction, price }) => ({ count, sumAuction: sumOf(auction), sumPrice: sumOf(price) }),
  },
}
