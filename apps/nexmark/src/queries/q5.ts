import { indexSelect, sliding, tumbling, type Window } from 'malstrom'
import type { Query } from '../query.ts'
import { addSum, addTo, emptySum, type Sum, sumOf } from '../sum.ts'
import { bidsOf } from './bids.ts'

export const WINDOW_MS = 10_000
/** A window begins every so many milliseconds. */
export const SLIDE_MS = 2_000
/** Auctions are counted in so many places at once. */
const SHARDS = 16
const SLIDES = sliding({ size: WINDOW_MS, slide: SLIDE_MS })

/** Bids on one auction. */
interface AuctionBids {
  readonly auction: number
  /** How many they are. */
  readonly num: number
}

export interface HotAuction {
  readonly auction: number
  /** How many bids it had in the window. */
  readonly num: number
  /** Where the window ends. */
  readonly end: number
}

interface Totals {
  rows: number
  readonly auction: Sum
  readonly num: Sum
  /** The ends of the windows that have rows. */
  readonly windows: Record<number, true>
}

export const q5: Query<HotAuction, Totals> = {
  about: 'the auctions with the most bids of 10 seconds, every 2 seconds',
  epochs: true,
  results: (events) =>
    bidsOf(events)
      .map('auction', (bid): AuctionBids => ({ auction: bid.auction, num: 1 }))
      // Half of all bids are for one auction: they are added up where they are read, so its shard has no more to do than others.
      .keyDistribute('by shard', ({ auction }) => auction % SHARDS, {
        partitioner: indexSelect,
        combine: { by: ({ auction }) => auction, merge: together, within: SLIDES },
      })
      .window(SLIDES)
      .aggregate('hottest of the shard', { init: (): Counts => new Map(), add: counted, merge: added, emit: hottestOf })
      .flatten('each')
      .keyDistribute('by window', ({ end }) => end)
      .window(tumbling(SLIDE_MS))
      .topN('hottest', 1, ({ num }) => num, { ties: 'all' })
      .flatten('rows')
      .unkey('hottest of all'),
  summary: {
    empty: () => ({ rows: 0, auction: emptySum(), num: emptySum(), windows: {} }),
    adder: (totals) => (row) => {
      totals.rows++
      addTo(totals.auction, row.auction)
      addTo(totals.num, row.num)
      totals.windows[row.end] = true
    },
    merge(totals, other) {
      totals.rows += other.rows
      addSum(totals.auction, other.auction)
      addSum(totals.num, other.num)
      Object.assign(totals.windows, other.windows)
    },
    answer: ({ rows, auction, num, windows }) => ({
      rows,
      sumAuction: sumOf(auction),
      sumNum: sumOf(num),
      windows: Object.keys(windows).length,
    }),
  },
}

/** How many bids auctions have had. */
type Counts = Map<number, number>

function together({ auction, num }: AuctionBids, later: AuctionBids): AuctionBids {
  return { auction, num: num + later.num }
}

function counted(counts: Counts, { auction, num }: AuctionBids): Counts {
  return counts.set(auction, (counts.get(auction) ?? 0) + num)
}

function added(earlier: Counts, later: Counts): Counts {
  const sums = new Map(earlier)
  for (const [auction, num] of later) sums.set(auction, (sums.get(auction) ?? 0) + num)
  return sums
}

/** Those with the most bids of a shard. */
function hottestOf(counts: Counts, { end }: Window<number>): HotAuction[] {
  const most = Math.max(...counts.values())
  return [...counts].filter(([, num]) => num === most).map(([auction, num]) => ({ auction, num, end }))
}
