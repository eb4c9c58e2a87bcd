import type { TimestampAlgebra } from '@malstrom/core'
import { positiveUnitsOf, type Size, shiftOf } from './duration.ts'

/** How long windows are kept after they were complete, for records that come late. */
export interface Lateness {
  /** When a window that was complete at `last` is forgotten. */
  after(last: unknown): unknown
  /** What an operator may promise at `epoch`: late firings carry timestamps after that. The end stays the end. */
  before(epoch: unknown): unknown
}

export function latenessOf(size: Size, time: TimestampAlgebra<unknown>): Lateness {
  const units = positiveUnitsOf(size, 'the allowed lateness', time)
  const shifted = shiftOf(time)
  return {
    after: (last) => shifted(last, units),
    before: (epoch) => (time.compare(epoch, time.max) >= 0 ? epoch : shifted(epoch, -units)),
  }
}
