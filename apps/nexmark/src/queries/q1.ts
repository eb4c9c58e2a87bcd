import type { Query } from '../query.ts'
import { addSum, addTo, emptySum, type Sum, sumOf } from '../sum.ts'
import { bidsOf } from './bids.ts'

/** A dollar is worth 0.908 euros. */
export const EUROS_PER_1000_DOLLARS = 908

export interface BidInEuros {
  readonly auction: number
  readonly bidder: number
  /** In thousandths of a cent: a fraction would not be exact. */
  readonly price908: number
}

export const q1: Query<BidInEuros, Sum> = {
  about: 'the price of each bid in another currency',
  epochs: false,
  results: (events) =>
    bidsOf(events).map('in euros', (bid) => ({
      auction: bid.auction,
      bidder: bid.bidder,
      price908: bid.price * EUROS_PER_1000_DOLLARS,
    })),
  spread: (bid) => bid.auction,
  summary: {
    empty: emptySum,
    adder: (sum) => (bid) => addTo(sum, bid.price908),
    merge: addSum,
    answer: (sum) => ({ sumPrice908: sumOf(sum) }),
  },
}
