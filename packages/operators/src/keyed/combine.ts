import { type Combine, checkOptionNames, type Key, MalstromError, messageOf, type TimestampAlgebra } from '@malstrom/core'
import { callable, withMethods } from '../stream/arguments.ts'
import type { Windows } from '../window/window.ts'

/**
 * How `keyDistribute` makes fewer records of those that it sends: two records with the same key that wait to be sent to the same worker
 * become one, if they agree in `by` and in time. Aggregation then has two phases, on the workers that read and on those that own the
 * keys, as with combiners in MapReduce (Dean, Ghemawat, 2004) and local-global aggregation in Flink. A key that half of all records
 * have no longer makes its worker the slowest.
 *
 * How many are combined depends on how they come: a frame of up to 1,024 records is looked at, nothing waits longer for it, nothing
 * is kept for a snapshot, and on one worker nothing is combined. So what reads the stream must come to the same whether it gets
 * two records or the one that `merge` makes of them: sums, counts that are part of the values, largest and smallest values, sets. It
 * must not count records (`count`, triggers after so many records), nor rely on the order of records with one key.
 */
export interface CombineOptions<V = unknown, T = unknown> {
  /** The value for two; leaves both as they are. Associative and commutative. What it throws fails the job. */
  merge(earlier: V, later: V): V
  /** What values must agree in besides the key, as the product where the key is a shop; `merge` does not change it. @default nothing */
  by?(value: V): Key
  /**
   * The windows that the stream is read by, or windows that each lie in one of those: records of one slice of time are combined, and the one
   * that replaces them has the later timestamp. It belongs to the same windows as they, is late when they are, and is after every
   * epoch that they are after, because an epoch ends the frame. Windows without slices of time that all keys share
   * (sessions, one for all time) are refused. Epochs must have been generated before the stream is keyed. @default only equal timestamps
   */
  readonly within?: Windows<T>
}

/** What options ask for. @throws MalstromError `ERR_OPERATOR_ARGUMENT` */
export function combineOf(options: CombineOptions, time: TimestampAlgebra<unknown>): Combine {
  if (typeof options !== 'object' || options === null) {
    throw new MalstromError('ERR_OPERATOR_ARGUMENT', `combine is an object with merge(earlier, later), not ${messageOf(options)}.`)
  }
  checkOptionNames('combine', options, ['merge', 'by', 'within'])
  const { merge, by, within } = withMethods(options, 'merge')
  return { merge, by: by && callable(by), sliceOf: within && sliceOf(within, time) }
}

function sliceOf(windows: Windows<unknown>, time: TimestampAlgebra<unknown>): Combine['sliceOf'] {
  const { slices } = withMethods(windows, 'assigner').assigner(time)
  if (slices === undefined) {
    throw new MalstromError(
      'ERR_OPERATOR_ARGUMENT',
      'combine cannot make one of records within these windows, because they are not made of slices of time that all keys share. Give tumbling, sliding or calendar windows, or leave `within` out to combine records of equal timestamps.',
    )
  }
  const { even } = slices
  if (even === undefined) return (timestamp) => slices.sliceOf(timestamp)
  const { size, offset } = even
  return (timestamp) => Math.floor(((timestamp as number) - offset) / size)
}
