import type { Query } from '../query.ts'
import { winningBids } from './winning-bids.ts'

export interface CategoryAverage {
  readonly category: number
  /** Auctions so far. */
  readonly count: number
  /** Of their prices, without its fraction. */
  readonly average: number
}

/** Auctions of a category, and what they have brought. */
interface Prices {
  readonly category: number
  readonly count: number
  readonly total: number
}

type Averages = Record<string, { count: number; average: number }>

export const q4: Query<CategoryAverage, Averages> = {
  about: 'the average price at which the auctions of a category end',
  epochs: true,
  results: (events) =>
    winningBids(events)
      .map('price', ({ category, price }): Prices => ({ category, count: 1, total: price }))
      .keyDistribute('by category', ({ category }) => category, { combine: { merge: together } })
      .reduce('prices', together)
      .map('average', ({ category, count, total }) => ({ category, count, average: Math.floor(total / count) }))
      .unkey('averages'),
  summary: {
    empty: () => ({}),
    // Each row takes the place of the one before it of the same category.
    adder:
      (averages) =>
      ({ category, count, average }) => {
        averages[category] = { count, average }
      },
    merge: (averages, other) => void Object.assign(averages, other),
    answer: (averages) => averages,
  },
}

function together({ category, count, total }: Prices, later: Prices): Prices {
  return { category, count: count + later.count, total: total + later.total }
}
