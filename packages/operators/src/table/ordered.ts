import { MalstromError, messageOf } from '@malstrom/core'

/** What `min`, `max` and `topN` can order. Texts are ordered by their UTF-16 code units, as `<` does. */
export type Ordered = number | bigint | string | Date

/** Refuses what has no place in an order. */
export function checkOrdered(value: unknown): void {
  if (typeof value === 'string' || typeof value === 'bigint') return
  if (typeof value === 'number' && !Number.isNaN(value)) return
  if (value instanceof Date && !Number.isNaN(value.getTime())) return
  throw new MalstromError(
    'ERR_OPERATOR_ARGUMENT',
    `${messageOf(value)} has no place in an order: a number other than NaN, a bigint, a text or a valid date is needed. Filter such records out before.`,
  )
}

/** Refuses what cannot be added up. */
export function checkSummand(value: unknown): void {
  if (typeof value === 'bigint' || (typeof value === 'number' && !Number.isNaN(value))) return
  throw new MalstromError(
    'ERR_OPERATOR_ARGUMENT',
    `${messageOf(value)} cannot be added up: a number other than NaN or a bigint is needed. Filter such records out before.`,
  )
}

export function sameOrder(a: Ordered, b: Ordered): boolean {
  return !(a < b) && !(b < a)
}
