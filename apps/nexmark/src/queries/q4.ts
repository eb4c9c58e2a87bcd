import type { Query } from '../query.ts'
import { winningBids } from './winning-bids.ts'

export interface CategoryAverage {
  readonly category: number
  /** Auctions so far. */
  readonly count: number
  /** Of their prices, without its fraction. */
  readonly average: number
}

type Averages = Record<string, { count: number; average: number }>

export const q4: Query<CategoryAverage, Averages> = {
  about: 'the average price at which the auctions of a category end',
  epochs: true,
  results: (events) =>
    winningBids(events)
      .keyDistribute('by category', (bid) => bid.category)
      .fold(
        'prices',
        () => ({ count: 0, total: 0 }),
        ({ count, total }, bid) => ({ count: count + 1, total: total + bid.price }),
      )
      .map('average', ({ count, total }, category) => ({ category, count, average: Math.floor(total / count) }))
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
