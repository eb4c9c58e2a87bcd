import type { Barrier } from '../snapshot/barrier.ts'

/** Records a frame may hold before it is passed on. */
export const FRAME_RECORDS_MAX = 1_024

/**
 * Records between two tasks, as columns. Record `i` has the value `values[start + i]`; control
 * (epochs) travels between frames, so no record is tested for it.
 */
export interface Frame {
  readonly values: ArrayLike<unknown>
  readonly start: number
  /** `undefined` on streams without keys. */
  readonly keys: ArrayLike<unknown> | undefined
  readonly timestamps: ArrayLike<unknown>
  /** If set, record `i` has the timestamp `first + i`, and there is no column. */
  readonly first?: number | undefined
  /** The index of the first record. @default 0 */
  readonly from?: number
  /** The index after the last record. */
  readonly count: number
  /** Which of the streams that the reader joins the records come from. @default 0 */
  readonly side?: number
}

export function timestampAt({ first, timestamps }: Frame, index: number): unknown {
  return first === undefined ? timestamps[index] : first + index
}

/** An epoch on its way. */
export interface EpochMark {
  readonly epoch: unknown
}

/** A snapshot barrier on its way: what was sent before it belongs to the snapshot. */
export interface BarrierMark {
  readonly barrier: Barrier
}

/**
 * Says that epochs are sent again: after a start and after a rescale, whoever reads forgets what it knew
 * of the frontiers of those it reads from, and each of them tells its own once more.
 */
export interface AnnounceMark {
  readonly announce: true
}

/** Whoever reads is not to wait for epochs from here, until this is taken back: there is nothing to read, and may be none for long. */
export interface IdleMark {
  readonly idle: boolean
}

/** What travels from task to task, in order. */
export type Item = Frame | EpochMark | BarrierMark | AnnounceMark | IdleMark

/** Where a task writes to. */
export interface Outlet {
  push(value: unknown, key: unknown, timestamp: unknown): void
  advance(epoch: unknown): void
  barrier(barrier: Barrier): void
  /** Says whether nothing comes for so long that nobody should wait for it. */
  idle(idle: boolean): void
  /** Tells its frontier once more, and whether it is idle. */
  announce(): void
  /** The last epoch that was sent. */
  readonly frontier: unknown
  /** Goes on from the last epochs that were sent here on several workers. */
  adopt(frontiers: readonly unknown[]): void
  /** Makes what was sent since the last frame ready to be taken. */
  close(): void
  /** Whether the task is to stop until there is room again. */
  readonly full: boolean
}

/** Where a task reads from. */
export interface Inlet {
  /** What comes next, if anything. A frame is valid until the next call. */
  take(): Item | undefined
}
