import { tumbling } from 'malstrom'
import type { Bid } from '../events.ts'
import type { Query } from '../query.ts'
import { addSum, addTo, emptySum, type Sum, sumOf } from '../sum.ts'
import { bidsOf } from './bids.ts'

export const WINDOW_MS = 10_000
/** Bids are compared in so many places at once, then the highest of those. */
const SHARDS = 16

interface Totals {
  rows: number
  readonly auction: Sum
  readonly bidder: Sum
  readonly price: Sum
}

export const q7: Query<Bid, Totals> = {
  about: 'the bids with the highest price of 10 seconds',
  epochs: true,
  results(events) {
    const bids = bidsOf(events)
    const highest = bids
      .keyDistribute('by shard', (bid) => bid.auction % SHARDS)
      .window(tumbling(WINDOW_MS))
      .aggregate('highest of the shard', highestBids)
      .flatten('each')
      .keyDistribute('to one worker', () => 'all')
      .window(tumbling(WINDOW_MS))
      .aggregate('highest', highestBids)
    // A window is from its start to before its end, but the bids that are joined to its highest price may come at its end, too.
    const atEnd = bids
      .filter('at the end of a window', (_bid, timestamp) => Number.isInteger(timestamp / WINDOW_MS))
      .keyDistribute('to the same worker', () => 'all')
    return highest
      .flatten('within')
      .union(
        highest
          .intervalJoin('at its end', atEnd, { lower: 1, upper: 1 }, ([first], bid) => (bid.price === first?.price ? bid : undefined))
          .filterMap('of that price', (bid) => bid),
      )
      .unkey('rows')
  },
  summary: {
    empty: () => ({ rows: 0, auction: emptySum(), bidder: emptySum(), price: emptySum() }),
    adder: (totals) => (row) => {
      totals.rows++
      addTo(totals.auction, row.auction)
      addTo(totals.bidder, row.bidder)
      addTo(totals.price, row.price)
    },
    merge(totals, other) {
      totals.rows += other.rows
      addSum(totals.auction, other.auction)
      addSum(totals.bidder, other.bidder)
      addSum(totals.price, other.price)
    },
    answer: ({ rows, auction, bidder, price }) => ({
      rows,
      sumAuction: sumOf(auction),
      sumBidder: sumOf(bidder),
      sumPrice: sumOf(price),
    }),
  },
}

/** The bids with the highest price, in the order in which they came. */
const highestBids = {
  init: (): readonly Bid[] => [],
  add(highest: readonly Bid[], bid: Bid): readonly Bid[] {
    const [first] = highest
    if (first !== undefined && bid.price < first.price) return highest
    return bid.price === first?.price ? [...highest, bid] : [bid]
  },
}
