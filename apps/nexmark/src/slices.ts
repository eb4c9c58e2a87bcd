import { timeOf } from './event-generator.ts'

/**
 * How long a slice of event time is. A partition reads a slice at a time, and slices are numbered from the first event on, so whoever
 * keys by the slice, with `indexSelect`, treats what a worker reads on that worker.
 */
export const SLICE_MS = 1_000

/** The slice that `time`, in milliseconds since 1970, is in: 0 for the first event. */
export function sliceOf(time: number): number {
  return Math.floor((time - timeOf(0)) / SLICE_MS)
}

/** When the slice begins, in milliseconds since 1970. */
export function beginOf(slice: number): number {
  return timeOf(0) + slice * SLICE_MS
}

/** The last millisecond of the slice, since 1970. */
export function lastOf(slice: number): number {
  return beginOf(slice + 1) - 1
}
