import { tumbling, type Window } from 'malstrom'
import type { Auction, NexmarkEvent, Person } from '../events.ts'
import type { Query } from '../query.ts'
import { addSum, addTo, emptySum, type Sum, sumOf } from '../sum.ts'
import { isAuction, isBid, isPerson } from './bids.ts'

export const WINDOW_MS = 10_000

/** Somebody who has come and sold something in the same window. */
export interface NewSeller {
  readonly id: number
  readonly name: string
  /** Where the window begins. */
  readonly start: number
}

interface Totals {
  rows: number
  readonly id: Sum
}

export const q8: Query<NewSeller, Totals> = {
  about: 'persons who sell something in the 10 seconds in which they have come',
  epochs: true,
  results: (events) => {
    const others = events.filter('no bids', (event: NexmarkEvent): event is Person | Auction => !isBid(event))
    const sellers = others.filterMap('sellers', sellerOf).keyDistribute('by seller', (seller) => seller)
    return others
      .filterMap('persons', (event) => (isPerson(event) ? { id: event.id, name: event.name } : undefined))
      .keyDistribute('by person', ({ id }) => id)
      .coGroup('new sellers', sellers, tumbling(WINDOW_MS), newSellers)
      .unkey('rows')
  },
  summary: {
    empty: () => ({ rows: 0, id: emptySum() }),
    adder: (totals) => (row) => {
      totals.rows++
      addTo(totals.id, row.id)
    },
    merge(totals, other) {
      totals.rows += other.rows
      addSum(totals.id, other.id)
    },
    answer: ({ rows, id }) => ({ rows, sumId: sumOf(id) }),
  },
}

function sellerOf(event: Person | Auction): number | undefined {
  return isAuction(event) ? event.seller : undefined
}

/** Each name under which somebody has come in a window, if the same one sells something in it. */
function newSellers(persons: readonly { name: string }[], sales: readonly number[], { start }: Window<number>, id: number): NewSeller[] {
  if (sales.length === 0) return []
  return [...new Set(persons.map(({ name }) => name))].map((name) => ({ id, name, start }))
}
