/** Records a frame may hold before it is passed on. */
export const FRAME_RECORDS_MAX = 1_024

/**
 * Records between two tasks, as columns. Record `i` has the value `values[start + i]`; control
 * (epochs) travels between frames, so no record is tested for it.
 */
export interface Frame {
  readonly values: readonly unknown[]
  readonly start: number
  /** `undefined` on streams without keys. */
  readonly keys: readonly unknown[] | undefined
  readonly timestamps: ArrayLike<unknown>
  /** If set, record `i` has the timestamp `first + i`, and there is no column. */
  readonly first?: number | undefined
  /** The index of the first record. @default 0 */
  readonly from?: number
  /** The index after the last record. */
  readonly count: number
}

export function timestampAt({ first, timestamps }: Frame, index: number): unknown {
  return first === undefined ? timestamps[index] : first + index
}
