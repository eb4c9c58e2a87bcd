const CARRY = 2 ** 52

/** A sum of whole numbers that stays exact beyond 2^53. */
export interface Sum {
  low: number
  /** How often 2^52 was taken from `low`. */
  high: number
}

export function emptySum(): Sum {
  return { low: 0, high: 0 }
}

/** Adds a whole number from 0 to 2^52. */
export function addTo(sum: Sum, value: number): void {
  sum.low += value
  if (sum.low < CARRY) return
  sum.low -= CARRY
  sum.high++
}

export function addSum(sum: Sum, other: Sum): void {
  addTo(sum, other.low)
  sum.high += other.high
}

/** As it is written to JSON: beyond 2^53 as a string, because readers of JSON would round it. */
export function sumOf({ low, high }: Sum, times = 1): number | string {
  const exact = (BigInt(high) * BigInt(CARRY) + BigInt(low)) * BigInt(times)
  return exact <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(exact) : `${exact}`
}
