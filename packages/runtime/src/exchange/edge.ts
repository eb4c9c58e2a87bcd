import type { TimestampAlgebra } from '@malstrom/core'
import type { Barrier } from '../snapshot/barrier.ts'
import { FRAME_RECORDS_MAX, type Frame } from './frame.ts'

/** Records that may wait on an edge before the task in front of it stops. */
export const EDGE_RECORDS_MAX = 4 * FRAME_RECORDS_MAX

/** Places of the queue that are taken before it is cut off at its front. */
const TAKEN_SLOTS_MAX = 16

/** An epoch on its way over an edge. */
export interface EpochMark {
  readonly epoch: unknown
}

/** A snapshot barrier on its way over an edge: what was sent before it belongs to the snapshot. */
export interface BarrierMark {
  readonly barrier: Barrier
}

/**
 * The way from one task to the next within a worker: a queue of frames with epochs between them, in
 * the order in which they were sent, so that a job does the same wherever its tasks are cut. An epoch
 * ends the frame before it; the next frame goes on in the same columns, so a stream with an epoch
 * after each record costs two small objects per record, and no column.
 */
export class Edge {
  /** What was sent and not yet taken, oldest first. */
  #queue: (Frame | EpochMark | BarrierMark)[] = []
  #taken = 0
  #records = 0
  #columns: Columns | undefined
  readonly #keyed: boolean
  readonly #time: TimestampAlgebra<unknown>

  constructor(keyed: boolean, time: TimestampAlgebra<unknown>) {
    this.#keyed = keyed
    this.#time = time
  }

  push(value: unknown, key: unknown, timestamp: unknown): void {
    this.#columns ??= new Columns(this.#keyed)
    this.#records++
    if (this.#columns.add(value, key, timestamp) >= FRAME_RECORDS_MAX) this.close()
  }

  advance(epoch: unknown): void {
    this.#endFrame()
    const last = this.#taken < this.#queue.length ? this.#queue.at(-1) : undefined
    // A later epoch takes the place of one that waits, or they would pile up in front of a task that stands still.
    if (last === undefined || !('epoch' in last)) this.#queue.push({ epoch })
    else if (this.#time.compare(epoch, last.epoch) > 0) this.#queue[this.#queue.length - 1] = { epoch }
  }

  barrier(barrier: Barrier): void {
    this.close()
    this.#queue.push({ barrier })
  }

  /** Makes what was sent since the last frame ready to be taken. */
  close(): void {
    this.#endFrame()
    this.#columns = undefined
  }

  get full(): boolean {
    return this.#records >= EDGE_RECORDS_MAX
  }

  get empty(): boolean {
    return this.#records === 0 && this.#taken === this.#queue.length
  }

  take(): Frame | EpochMark | BarrierMark | undefined {
    const item = this.#queue[this.#taken]
    if (item === undefined) return undefined
    this.#taken++
    if ('count' in item) this.#records -= item.count - (item.from ?? 0)
    // What was taken must not stay, also in a queue that never becomes empty.
    if (this.#taken === this.#queue.length || this.#taken >= TAKEN_SLOTS_MAX) {
      this.#queue = this.#queue.slice(this.#taken)
      this.#taken = 0
    }
    return item
  }

  #endFrame(): void {
    const frame = this.#columns?.endFrame()
    if (frame !== undefined) this.#queue.push(frame)
  }
}

/** The columns of the frame that is being filled, and of those before it that ended with an epoch. */
class Columns {
  readonly #values: unknown[] = []
  readonly #keys: unknown[] | undefined
  readonly #timestamps: unknown[] = []
  #frameStart = 0

  constructor(keyed: boolean) {
    this.#keys = keyed ? [] : undefined
  }

  add(value: unknown, key: unknown, timestamp: unknown): number {
    this.#keys?.push(key)
    this.#timestamps.push(timestamp)
    return this.#values.push(value)
  }

  endFrame(): Frame | undefined {
    const from = this.#frameStart
    const count = this.#values.length
    if (from === count) return undefined
    this.#frameStart = count
    return { values: this.#values, start: 0, keys: this.#keys, timestamps: this.#timestamps, from, count }
  }
}
