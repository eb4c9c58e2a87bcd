import type { Auction, NexmarkEvent, Person } from '../events.ts'
import type { Query } from '../query.ts'
import { addSum, addTo, emptySum, type Sum, sumOf } from '../sum.ts'
import { isAuction, isPerson } from './bids.ts'

/** A seller is one of the last 1,000 persons, who come in five seconds, or one of the next ten. With a margin. */
const PERSON_KEPT_MS = 5_200
const AUCTION_KEPT_MS = 200

export const CATEGORY = 10
const STATES = ['OR', 'ID', 'CA']

export interface LocalAuction {
  readonly name: string
  readonly city: string
  readonly state: string
  readonly id: number
}

interface Totals {
  count: number
  readonly id: Sum
}

export const q3: Query<LocalAuction, Totals> = {
  about: 'who sells in category 10 in Oregon, Idaho or California: a join that expires with the frontier',
  epochs: true,
  results: (events) => {
    const ofInterest = events.filter('of interest', isOfInterest)
    const sellers = ofInterest.filterMap('sellers', sellerOf).keyDistribute('by number', (seller) => seller.id)
    return ofInterest
      .filterMap('auctions', offerOf)
      .keyDistribute('by seller', (offer) => offer.seller)
      .intervalJoin('local auctions', sellers, { lower: -PERSON_KEPT_MS, upper: AUCTION_KEPT_MS, matchesOnce: 'left' }, rowOf)
      .unkey('rows')
  },
  summary: {
    empty: () => ({ count: 0, id: emptySum() }),
    adder: (totals) => (row) => {
      totals.count++
      addTo(totals.id, row.id)
    },
    merge(totals, other) {
      totals.count += other.count
      addSum(totals.id, other.id)
    },
    answer: ({ count, id }) => ({ count, sumId: sumOf(id) }),
  },
}

export function isOfInterest(event: NexmarkEvent): event is Person | Auction {
  if (isPerson(event)) return STATES.includes(event.state)
  return isAuction(event) && event.category === CATEGORY
}

interface Seller {
  readonly id: number
  readonly name: string
  readonly city: string
  readonly state: string
}

interface Offer {
  readonly id: number
  readonly seller: number
}

function sellerOf(event: Person | Auction): Seller | undefined {
  if (!isPerson(event)) return undefined
  const { id, name, city, state } = event
  return { id, name, city, state }
}

function offerOf(event: Person | Auction): Offer | undefined {
  return isAuction(event) ? { id: event.id, seller: event.seller } : undefined
}

function rowOf({ id }: Offer, { name, city, state }: Seller): LocalAuction {
  return { name, city, state, id }
}
