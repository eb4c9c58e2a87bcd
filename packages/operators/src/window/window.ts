import type { TimestampAlgebra } from '@malstrom/core'

/** A stretch of event time, half-open: `start` belongs to it, `end` does not. */
export interface Window<T> {
  readonly start: T
  readonly end: T
}

/**
 * Which windows records belong to, before it is known how a stream tells time: what `tumbling`, `sliding`,
 * `session`, `global`, `calendarDays` and `calendarMonths` make. Windows of one's own are an object with the
 * same two members.
 *
 * `Times` are the types of timestamps it can be used with. `Merging` is true for windows that grow and
 * become one when they meet, as sessions do.
 */
export interface Windows<Times, Merging extends boolean = boolean> {
  readonly merging: Merging
  /**
   * The assigner for streams with this kind of timestamps.
   *
   * @throws MalstromError `ERR_OPERATOR_ARGUMENT` if sizes and timestamps do not fit, as minutes and bigints
   */
  assigner<T extends Times>(time: TimestampAlgebra<T>): WindowAssigner<T>
  /** Not there at run time: makes windows for other times a compile error. */
  readonly times?: (time: Times) => void
}

/** Assigns windows to timestamps, as in the Dataflow model (Akidau et al., 2015). Pure. */
export interface WindowAssigner<T> {
  /** Windows of a key that overlap or touch become one, from the first start to the last end. */
  readonly merging: boolean
  /** The windows that `timestamp` belongs to, those with the smallest end first; never none. */
  assign(timestamp: T): readonly Window<T>[]
  /**
   * When the window is complete: the frontier has reached this timestamp, which results of the window carry.
   * The largest timestamp below `end`; `end` itself where times have no `before`, and for windows that merge,
   * because a record at `end` would still join them.
   */
  lastOf(window: Window<T>): T
  /**
   * Says which windows these are: their kind, and all that decides where they begin and end. Part of the operator's
   * kind, so that a job whose windows have changed refuses states that were saved for others. Without it nothing is compared.
   */
  readonly description?: string
  /** Set where every window is a run of slices that all keys share. */
  readonly slices?: Slices<T>
}

/**
 * A division of time into slices with whole numbers, so that each record is put into one slice and each
 * window is made of its slices ("No pane, no gain", Li et al., 2005). The window that starts with slice
 * `s`, a multiple of `perSlide`, is made of the slices `s` to `s + perWindow - 1`.
 */
export interface Slices<T> {
  readonly perWindow: number
  readonly perSlide: number
  sliceOf(timestamp: T): number
  startOf(slice: number): T
  /** Set where `sliceOf(t)` is `Math.floor((t - offset) / size)`. */
  readonly even: { readonly size: number; readonly offset: number } | undefined
}

/** The first slice of the first window that has `slice`. */
export function firstWindowOf({ perWindow, perSlide }: Pick<Slices<unknown>, 'perWindow' | 'perSlide'>, slice: number): number {
  return Math.ceil((slice - perWindow + 1) / perSlide) * perSlide
}

/** The window that starts with `slice`. */
export function windowAt<T>(slices: Slices<T>, slice: number): Window<T> {
  return { start: slices.startOf(slice), end: slices.startOf(slice + slices.perWindow) }
}

/** The largest timestamp below `end`, or `end` for times that do not know it. */
export function lastBefore<T>(time: TimestampAlgebra<T>, end: T): T {
  return time.before === undefined || time.compare(end, time.max) >= 0 ? end : time.before(end)
}

/** The assigner for windows that are made of slices. */
export function sliceAssigner<T>(time: TimestampAlgebra<T>, slices: Slices<T>, description: string): WindowAssigner<T> {
  const { perSlide } = slices
  return {
    merging: false,
    description,
    slices,
    assign(timestamp) {
      const slice = slices.sliceOf(timestamp)
      const windows: Window<T>[] = []
      const first = firstWindowOf(slices, slice)
      // At the infinite ends of time all windows are one.
      const count = Number.isFinite(slice) ? Math.floor((slice - first) / perSlide) + 1 : 1
      for (let n = 0; n < count; n++) windows.push(windowAt(slices, first + n * perSlide))
      return windows
    },
    lastOf: ({ end }) => lastBefore(time, end),
  }
}
