import type { Query } from '../query.ts'
import { addSum, addTo, emptySum, type Sum, sumOf } from '../sum.ts'
import { type WinningBid, winningBids } from './winning-bids.ts'

interface Totals {
  rows: number
  readonly auction: Sum
  readonly price: Sum
}

export const q9: Query<WinningBid, Totals> = {
  about: 'the winning bid of each auction',
  epochs: true,
  results: winningBids,
  summary: {
    empty: () => ({ rows: 0, auction: emptySum(), price: emptySum() }),
    adder: (totals) => (row) => {
      totals.rows++
      addTo(totals.auction, row.auction)
      addTo(totals.price, row.price)
    },
    merge(totals, other) {
      totals.rows += other.rows
      addSum(totals.auction, other.auction)
      addSum(totals.price, other.price)
    },
    answer: ({ rows, auction, price }) => ({ rows, sumAuction: sumOf(auction), sumPrice: sumOf(price) }),
  },
}
