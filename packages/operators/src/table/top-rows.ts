import { MalstromError, messageOf } from '@malstrom/core'
import type { Ordered } from './ordered.ts'

/** Rows with what they are ranked by, the largest first; of equal ones the earlier first. */
export interface RankedRows {
  readonly rows: unknown[]
  readonly ranks: Ordered[]
}

export interface TopOptions {
  /** `first`: exactly `n` rows, of equal ones the earliest. `all`: also those that are equal to the last of them. @default 'first' */
  readonly ties?: 'first' | 'all'
}

/** Checked arguments of `topN`. */
export interface Top {
  readonly n: number
  readonly ties: 'first' | 'all'
}

/** The largest `n` of a top-N: its rows are kept sorted, so a record costs up to so many moves. */
const TOP_N_MAX = 100_000

export function topOf(n: number, { ties = 'first' }: TopOptions = {}): Top {
  if (!(Number.isInteger(n) && n >= 1 && n <= TOP_N_MAX)) {
    throw new MalstromError('ERR_OPERATOR_ARGUMENT', `the n of topN is a whole number from 1 to ${TOP_N_MAX}, not ${messageOf(n)}.`)
  }
  if (ties !== 'first' && ties !== 'all') {
    throw new MalstromError('ERR_OPERATOR_ARGUMENT', `ties of topN is 'first' or 'all', not ${messageOf(ties)}.`)
  }
  return { n, ties }
}

/** The number of ranks that are at least as high as `rank`: where a further one goes. */
export function placeOf(ranks: readonly Ordered[], rank: Ordered): number {
  let low = 0
  let high = ranks.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((ranks[middle] as Ordered) < rank) high = middle
    else low = middle + 1
  }
  return low
}

export function insertRow(ranked: RankedRows, place: number, row: unknown, rank: Ordered): void {
  ranked.rows.splice(place, 0, row)
  ranked.ranks.splice(place, 0, rank)
}

/** How many of the rows are in the top. */
export function topCount({ ranks }: RankedRows, { n, ties }: Top): number {
  if (ranks.length <= n || ties === 'first') return Math.min(n, ranks.length)
  const last = ranks[n - 1] as Ordered
  let count = n
  while (count < ranks.length && !((ranks[count] as Ordered) < last)) count++
  return count
}

/** Adds a row, if it is in the top then. The rows that it has driven out are moved to `left`. */
export function addToTop(ranked: RankedRows, top: Top, row: unknown, rank: Ordered, left: unknown[]): boolean {
  const place = placeOf(ranked.ranks, rank)
  const last = ranked.ranks[top.n - 1]
  // A tie is placed behind its equals.
  if (place >= top.n && !(top.ties === 'all' && last !== undefined && !(rank < last))) return false
  insertRow(ranked, place, row, rank)
  const count = topCount(ranked, top)
  while (ranked.rows.length > count) {
    left.push(ranked.rows.pop())
    ranked.ranks.pop()
  }
  return true
}
