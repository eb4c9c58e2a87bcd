import type { TimestampAlgebra } from '@malstrom/core'
import { FRAME_RECORDS_MAX, type Frame } from './frame.ts'

/** Frames that may wait on an edge before the task in front of it stops. */
export const EDGE_FRAMES_MAX = 4

/** Places of the queue that are taken before it is cut off at its front. */
const TAKEN_SLOTS_MAX = 16

/** An epoch on its way over an edge. */
export interface EpochMark {
  readonly epoch: unknown
}

/**
 * The way from one task to the next within a worker: a queue of frames with epochs between them.
 *
 * Epochs wait for the frame that is being filled: passing one on later never breaks its promise, and
 * a stream with an epoch after each record would otherwise travel in frames of one record. Only the
 * latest of the waiting epochs is passed on.
 */
export class Edge {
  /** Everything that was closed and not yet taken, oldest first. */
  #queue: (Frame | EpochMark)[] = []
  #taken = 0
  #frames = 0
  #filling: FrameInProgress | undefined
  #epoch: unknown
  readonly #keyed: boolean
  readonly #time: TimestampAlgebra<unknown>

  constructor(keyed: boolean, time: TimestampAlgebra<unknown>) {
    this.#keyed = keyed
    this.#time = time
  }

  push(value: unknown, key: unknown, timestamp: unknown): void {
    this.#filling ??= new FrameInProgress(this.#keyed)
    if (this.#filling.add(value, key, timestamp) >= FRAME_RECORDS_MAX) this.close()
  }

  advance(epoch: unknown): void {
    if (this.#epoch === undefined || this.#time.compare(epoch, this.#epoch) > 0) this.#epoch = epoch
    if (this.#filling === undefined) this.close()
  }

  /** Makes what was written since the last frame ready to be taken. */
  close(): void {
    if (this.#filling !== undefined) {
      this.#queue.push(this.#filling)
      this.#frames++
      this.#filling = undefined
    }
    if (this.#epoch !== undefined) {
      const last = this.#queue.length > this.#taken ? this.#queue.length - 1 : -1
      // A later epoch takes the place of one that waits, or they would pile up in front of a task that stands still.
      if (last >= 0 && 'epoch' in (this.#queue[last] as Frame | EpochMark)) this.#queue[last] = { epoch: this.#epoch }
      else this.#queue.push({ epoch: this.#epoch })
      this.#epoch = undefined
    }
  }

  get full(): boolean {
    return this.#frames >= EDGE_FRAMES_MAX
  }

  get empty(): boolean {
    return this.#taken === this.#queue.length && this.#filling === undefined
  }

  take(): Frame | EpochMark | undefined {
    const item = this.#queue[this.#taken]
    if (item === undefined) return undefined
    this.#taken++
    if ('count' in item) this.#frames--
    // What was taken must not stay, also in a queue that never becomes empty.
    if (this.#taken === this.#queue.length || this.#taken >= TAKEN_SLOTS_MAX) {
      this.#queue = this.#queue.slice(this.#taken)
      this.#taken = 0
    }
    return item
  }
}

class FrameInProgress implements Frame {
  readonly values: unknown[] = []
  readonly start = 0
  readonly keys: unknown[] | undefined
  readonly timestamps: unknown[] = []
  count = 0

  constructor(keyed: boolean) {
    this.keys = keyed ? [] : undefined
  }

  add(value: unknown, key: unknown, timestamp: unknown): number {
    this.values.push(value)
    this.keys?.push(key)
    this.timestamps.push(timestamp)
    return ++this.count
  }
}
