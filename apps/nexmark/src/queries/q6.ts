import { tumbling } from 'malstrom'
import type { Query } from '../query.ts'
import { SLICE_MS } from '../slices.ts'
import { addSum, addTo, emptySum, type Sum, sumOf } from '../sum.ts'
import { winningBids } from './winning-bids.ts'

/** How many auctions of a seller count. */
export const LAST_AUCTIONS = 10

export interface SellerAverage {
  readonly seller: number
  /** Of the last ten auctions that somebody has won, without its fraction. */
  readonly average: number
}

interface Totals {
  rows: number
  readonly seller: Sum
  readonly average: Sum
}

export const q6: Query<SellerAverage, Totals> = {
  about: 'the average price of the last ten auctions of a seller, whenever one more is over',
  epochs: true,
  results: (events) =>
    winningBids(events)
      .keyDistribute('by seller', (bid) => bid.seller)
      // Those of a slice come together.
      .window(tumbling(SLICE_MS))
      .process('in order', (bids) => bids.toSorted((a, b) => a.expires - b.expires || a.auction - b.auction))
      .flatten('each')
      .statefulMap(
        'average',
        () => [] as readonly number[],
        (prices, { price }, seller) => {
          const last = [...prices.slice(1 - LAST_AUCTIONS), price]
          return [{ seller, average: averageOf(last) }, last]
        },
      )
      .unkey('averages'),
  summary: {
    empty: () => ({ rows: 0, seller: emptySum(), average: emptySum() }),
    adder: (totals) => (row) => {
      totals.rows++
      addTo(totals.seller, row.seller)
      addTo(totals.average, row.average)
    },
    merge(totals, other) {
      totals.rows += other.rows
      addSum(totals.seller, other.seller)
      addSum(totals.average, other.average)
    },
    answer: ({ rows, seller, average }) => ({ rows, sumSeller: sumOf(seller), sumAverage: sumOf(average) }),
  },
}

export function averageOf(prices: readonly number[]): number {
  return Math.floor(prices.reduce((sum, price) => sum + price, 0) / prices.length)
}
