import type { TimestampAlgebra } from '@malstrom/core'

/** What holds for all of several workers; `undefined` if one of them has had no epoch. */
export function leastOf(time: TimestampAlgebra<unknown>, epochs: readonly unknown[]): unknown {
  if (epochs.length === 0 || epochs.includes(undefined)) return undefined
  return epochs.reduce((least, epoch) => time.merge(least, epoch))
}
