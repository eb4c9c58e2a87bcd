import type { TimestampAlgebra } from '@malstrom/core'

/** The merge of what workers sent; `undefined` if one of them has sent nothing. */
export function mergeAll(time: TimestampAlgebra<unknown>, epochs: readonly unknown[]): unknown {
  if (epochs.length === 0 || epochs.includes(undefined)) return undefined
  return epochs.reduce((least, epoch) => time.merge(least, epoch))
}
