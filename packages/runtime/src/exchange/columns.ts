import { FRAME_RECORDS_MAX, type Frame } from './frame.ts'

/** Columns of numbers that are kept for frames to come. */
const SPARE_COLUMNS_MAX = 8

/** What columns of values are cut from: an array that grows is copied several times until it is full. */
const BLANK: unknown[] = Array.from({ length: FRAME_RECORDS_MAX }, () => undefined)

/**
 * The columns of the frame that is being filled, and of those before it that ended with an epoch. The
 * loops of compiled tasks do what `add` does in lines of their own: a number in a column of numbers is
 * never boxed on its way there.
 *
 * Columns of edges and links begin with the first record, which some ways never see: each is a column of numbers if it begins with one,
 * and becomes an ordinary array with the first value that is no number. Whoever adds one calls `mixValues` and its like before, if
 * `numericValues` and its like say so. All ways between tasks have them: at a place that stores to all kinds of arrays, V8 looks
 * up anew what a store means each time.
 */
export class Columns {
  values: unknown[] | Float64Array = []
  /** Stays empty on streams without keys. */
  keys: unknown[] | Float64Array = []
  timestamps: unknown[] | Float64Array = []
  numericValues = false
  numericKeys = false
  numericTimestamps = false
  /** Whether records can be put into the columns, and not only be given to `add`. */
  begun: boolean
  /** The records in them: the index of the next one. */
  count = 0
  /** Frames that have been ended: whoever remembers a record by its index knows whether it is still in the frame that is being filled. */
  framesEnded = 0
  readonly keyed: boolean
  /** To be called when there are `FRAME_RECORDS_MAX` records. */
  readonly full: () => void
  #frameStart = 0
  /** Columns of numbers that nobody reads any more. */
  readonly #spare: Float64Array[] = []

  /** With `full`, which makes an end of so many records, some may be columns of numbers. */
  constructor(keyed: boolean, full?: () => void) {
    this.keyed = keyed
    this.full = full ?? (() => {})
    this.begun = full === undefined
  }

  /** Makes columns for records like this one, the first. */
  begin(value: unknown, key: unknown, timestamp: unknown): void {
    this.begun = true
    this.numericValues = typeof value === 'number'
    this.numericKeys = this.keyed && typeof key === 'number'
    this.numericTimestamps = typeof timestamp === 'number'
    if (this.numericValues) this.values = this.#numbers()
    if (this.numericKeys) this.keys = this.#numbers()
    if (this.numericTimestamps) this.timestamps = this.#numbers()
  }

  add(value: unknown, key: unknown, timestamp: unknown): void {
    if (!this.begun) this.begin(value, key, timestamp)
    const index = this.count
    if (typeof value !== 'number' && this.numericValues) this.mixValues()
    ;(this.values as unknown[])[index] = value
    if (this.keyed) {
      if (typeof key !== 'number' && this.numericKeys) this.mixKeys()
      ;(this.keys as unknown[])[index] = key
    }
    if (typeof timestamp !== 'number' && this.numericTimestamps) this.mixTimestamps()
    ;(this.timestamps as unknown[])[index] = timestamp
    this.count = index + 1
    if (index === FRAME_RECORDS_MAX - 1) this.full()
  }

  /** From now on there may be other values than numbers. */
  mixValues(): void {
    this.numericValues = false
    this.values = Array.from(this.values.slice(0, this.count))
  }

  mixKeys(): void {
    this.numericKeys = false
    this.keys = Array.from(this.keys.slice(0, this.count))
  }

  mixTimestamps(): void {
    this.numericTimestamps = false
    this.timestamps = Array.from(this.timestamps.slice(0, this.count))
  }

  /** Records since the last frame. */
  get unframed(): number {
    return this.count - this.#frameStart
  }

  /** What was added since the last frame, if there is anything, as a frame of one side. */
  endFrame(side = 0): Frame | undefined {
    const { values, keys, timestamps, count } = this
    const from = this.#frameStart
    if (from === count) return undefined
    this.#frameStart = count
    this.framesEnded++
    return { values, start: 0, keys: this.keyed ? keys : undefined, timestamps, from, count, side }
  }

  /** Goes on in other columns, because the frames there were are handed on. */
  renew(): void {
    this.values = this.numericValues ? this.#numbers() : this.#like(this.values)
    this.keys = this.numericKeys ? this.#numbers() : this.#like(this.keys)
    this.timestamps = this.numericTimestamps ? this.#numbers() : this.#like(this.timestamps)
    this.reuse()
  }

  /** Takes back the columns of numbers of a frame that has been read, unless `next`, the one that is read now, goes on in them. */
  takeBack(read: Frame, next: Frame): void {
    if (read.values !== next.values) this.#keep(read.values)
    if (read.keys !== next.keys) this.#keep(read.keys)
    if (read.timestamps !== next.timestamps) this.#keep(read.timestamps)
  }

  /** Goes on in the same columns, because what they held is copied. */
  reuse(): void {
    this.count = 0
    this.#frameStart = 0
  }

  /** A column for as many values as there were. Of an array of numbers it is an empty part, because V8 then expects numbers again. */
  #like(column: unknown[] | Float64Array): unknown[] {
    return typeof column[0] === 'number' ? (column as unknown[]).slice(0, 0) : BLANK.slice(0, column.length === 0 ? 0 : this.count)
  }

  #numbers(): Float64Array {
    return this.#spare.pop() ?? new Float64Array(FRAME_RECORDS_MAX)
  }

  #keep(column: unknown): void {
    if (column instanceof Float64Array && this.#spare.length < SPARE_COLUMNS_MAX) this.#spare.push(column)
  }
}
