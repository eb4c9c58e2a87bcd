import type { TimestampAlgebra } from '@malstrom/core'
import { withMethods } from '../stream/arguments.ts'
import { bigintReckoning, kindOf, numberReckoning } from './duration.ts'
import type { Windows } from './window.ts'

/** Windows of processing time: what `processingTime` makes. */
export interface ProcessingWindows<Merging extends boolean = boolean> {
  /** The windows, by milliseconds since 1970. */
  readonly byProcessingTime: Windows<number, Merging>
}

/**
 * The same windows, but of processing time: a record belongs to the window of the moment at which it is processed,
 * whatever its timestamp, so nothing is ever late. For example `processingTime(tumbling({ seconds: 10 }))`.
 *
 * A window fires when the clock of its worker has passed its end, and earlier with a `trigger`; what is open at the end of the stream fires then.
 * Results carry the largest timestamp of the records in them, or the first one after the frontier if that has
 * passed it meanwhile. Results are not the same when records are processed again after a failure.
 *
 * @throws MalstromError `ERR_OPERATOR_ARGUMENT` if `windows` are none
 */
export function processingTime<const M extends boolean>(windows: Windows<number, M>): ProcessingWindows<M> {
  return { byProcessingTime: withMethods(windows, 'assigner') }
}

export function isProcessingWindows(windows: unknown): windows is ProcessingWindows {
  return typeof windows === 'object' && windows !== null && 'byProcessingTime' in windows
}

/** The first timestamp after another, of times that can be reckoned with: numbers, bigints or dates. */
export function afterOf(time: TimestampAlgebra<unknown>): (timestamp: unknown) => unknown {
  if (kindOf(time) === 'bigint') return (timestamp) => bigintReckoning.timestampOf((timestamp as bigint) + 1n)
  const { unitsOf, timestampOf } = numberReckoning(time)
  return (timestamp) => {
    const units = unitsOf(timestamp)
    // Far from 0 numbers are more than 1 apart.
    return timestampOf(units + Math.max(1, Math.abs(units) * Number.EPSILON))
  }
}
