import type { TimestampAlgebra } from '@malstrom/core'
import type { Barrier } from '../snapshot/barrier.ts'
import { Columns } from './columns.ts'
import { FRAME_RECORDS_MAX, type Frame, type Inlet, type Item, type Outlet } from './frame.ts'
import { mergeAll } from './merge-all.ts'

/** Records that may wait on an edge before the task in front of it stops. */
export const EDGE_RECORDS_MAX = 4 * FRAME_RECORDS_MAX

/** Places of the queue that are taken before it is cut off at its front. */
const TAKEN_SLOTS_MAX = 16

/**
 * The way from one task to the next within a worker: a queue of frames with epochs between them, in
 * the order in which they were sent, so that a job does the same wherever its tasks are cut. An epoch
 * ends the frame before it; the next frame goes on in the same columns, so a stream with an epoch
 * after each record costs two small objects per record, and no column.
 */
export class Edge implements Inlet, Outlet {
  /** What was sent and not yet taken, oldest first. */
  #queue: Item[] = []
  #taken = 0
  /** Records in it. */
  #records = 0
  /** What was sent since the last frame. */
  readonly columns: Columns
  #frontier: unknown
  #idle = false
  readonly #time: TimestampAlgebra<unknown>
  readonly #side: number
  /** What was taken last: its columns are used again. */
  #lent: Frame | undefined

  /** `side`: which of the streams that the reader joins comes this way. */
  constructor(keyed: boolean, time: TimestampAlgebra<unknown>, side = 0) {
    this.#side = side
    this.columns = new Columns(keyed, () => this.close())
    this.#time = time
  }

  push(value: unknown, key: unknown, timestamp: unknown): void {
    this.columns.add(value, key, timestamp)
  }

  get frontier(): unknown {
    return this.#frontier
  }

  advance(epoch: unknown): void {
    this.#endFrame()
    this.#frontier = epoch
    const last = this.#taken < this.#queue.length ? this.#queue.at(-1) : undefined
    // A later epoch takes the place of one that waits, or they would pile up in front of a task that stands still.
    if (last === undefined || !('epoch' in last)) this.#queue.push({ epoch })
    else if (this.#time.compare(epoch, last.epoch) > 0) this.#queue[this.#queue.length - 1] = { epoch }
  }

  barrier(barrier: Barrier): void {
    this.close()
    this.#queue.push({ barrier })
  }

  idle(idle: boolean): void {
    if (this.#idle === idle) return
    this.#idle = idle
    this.close()
    this.#queue.push({ idle })
  }

  adopt(frontiers: readonly unknown[]): void {
    this.#frontier = mergeAll(this.#time, frontiers)
  }

  announce(): void {
    this.close()
    if (this.#frontier !== undefined) this.#queue.push({ epoch: this.#frontier })
    if (this.#idle) this.#queue.push({ idle: true })
    this.#queue.push({ announce: true })
  }

  /** Makes what was sent since the last frame ready to be taken. */
  close(): void {
    if (this.columns.count === 0) return
    this.#endFrame()
    this.columns.renew()
  }

  get full(): boolean {
    return this.waiting >= EDGE_RECORDS_MAX
  }

  /** Records in it that have not been taken. */
  get waiting(): number {
    return this.#records + this.columns.unframed
  }

  get empty(): boolean {
    return this.columns.unframed === 0 && this.#taken === this.#queue.length
  }

  take(): Item | undefined {
    const item = this.#queue[this.#taken]
    if (item === undefined) return undefined
    this.#taken++
    if ('count' in item) {
      this.#records -= item.count - (item.from ?? 0)
      if (this.#lent !== undefined) this.columns.takeBack(this.#lent, item)
      this.#lent = item
    }
    // What was taken must not stay, also in a queue that never becomes empty.
    if (this.#taken === this.#queue.length || this.#taken >= TAKEN_SLOTS_MAX) {
      this.#queue = this.#queue.slice(this.#taken)
      this.#taken = 0
    }
    return item
  }

  #endFrame(): void {
    const frame = this.columns.endFrame(this.#side)
    if (frame === undefined) return
    this.#queue.push(frame)
    this.#records += frame.count - (frame.from ?? 0)
  }
}
