import { FRAME_RECORDS_MAX, type Frame } from './frame.ts'

/**
 * The columns of the frame that is being filled, and of those before it that ended with an epoch. The
 * loops of compiled tasks do what `add` does in lines of their own: a number in a column of numbers is
 * never boxed on its way there.
 */
export class Columns {
  values: unknown[] = []
  /** Stays empty on streams without keys. */
  keys: unknown[] = []
  timestamps: unknown[] = []
  /** The records in them: the index of the next one. */
  count = 0
  readonly keyed: boolean
  /** To be called when there are `FRAME_RECORDS_MAX` records. */
  readonly full: () => void
  #frameStart = 0

  constructor(keyed: boolean, full: () => void = () => {}) {
    this.keyed = keyed
    this.full = full
  }

  add(value: unknown, key: unknown, timestamp: unknown): void {
    const index = this.count
    this.values[index] = value
    if (this.keyed) this.keys[index] = key
    this.timestamps[index] = timestamp
    this.count = index + 1
    if (index === FRAME_RECORDS_MAX - 1) this.full()
  }

  /** Records since the last frame. */
  get unframed(): number {
    return this.count - this.#frameStart
  }

  /** What was added since the last frame, if there is anything. */
  endFrame(): Frame | undefined {
    const { values, keys, timestamps, count } = this
    const from = this.#frameStart
    if (from === count) return undefined
    this.#frameStart = count
    return { values, start: 0, keys: this.keyed ? keys : undefined, timestamps, from, count }
  }

  /** Goes on in new columns, because the frames there were are handed on. */
  renew(): void {
    // An empty part of an array: V8 then expects the same kind of elements again.
    this.values = this.values.slice(0, 0)
    this.keys = this.keys.slice(0, 0)
    this.timestamps = this.timestamps.slice(0, 0)
    this.reuse()
  }

  /** Goes on in the same columns, because what they held is copied. */
  reuse(): void {
    this.count = 0
    this.#frameStart = 0
  }
}
