import { MalstromError } from '@malstrom/core'

/** What one block may have at most: a value that refers to others many times over grows without end. */
const BYTES_MAX = 1 << 29

/** Memory at the start, a multiple of 8: a job has many exchanges and operators, and some have little to write. */
const FIRST_BYTES = 4_096

/** Up to here bytes are copied one by one, and texts character by character. */
const SHORT_BYTES_MAX = 32

/**
 * Bytes that are being written; the memory is used again after `take` and `clear`. Columns of numbers
 * are written through `ints` and `floats`, views of the same memory that change when it grows: take
 * them after `room` or `aligned`.
 */
export class ByteWriter {
  bytes: Buffer
  ints: Int32Array
  floats: Float64Array
  #length = 0

  constructor() {
    this.bytes = Buffer.allocUnsafeSlow(FIRST_BYTES)
    this.ints = new Int32Array(this.bytes.buffer)
    this.floats = new Float64Array(this.bytes.buffer)
  }

  u8(value: number): void {
    this.#reserve(1)
    this.bytes[this.#length++] = value
  }

  /** A whole number from 0 to 2^32 - 1; small ones take one byte. */
  varUint(value: number): void {
    this.#reserve(5)
    let rest = value
    while (rest > 127) {
      this.bytes[this.#length++] = (rest & 127) | 128
      rest >>>= 7
    }
    this.bytes[this.#length++] = rest
  }

  float64(value: number): void {
    this.#reserve(8)
    this.#length = this.bytes.writeDoubleLE(value, this.#length)
  }

  copy(source: Uint8Array): void {
    this.#reserve(source.byteLength)
    this.bytes.set(source, this.#length)
    this.#length += source.byteLength
  }

  /** A text of known encoding: one byte per UTF-16 unit (`latin1`), or two (`utf16le`). */
  text(value: string, encoding: 'latin1' | 'utf16le'): void {
    this.#reserve(value.length * 2)
    this.#length += this.bytes.write(value, this.#length, encoding)
  }

  /** A short text of latin1 characters as one byte each; if it has others or is longer, nothing is written and `false` returned. */
  shortLatin1(value: string): boolean {
    const { length } = value
    if (length > SHORT_BYTES_MAX) return false
    this.#reserve(length)
    const { bytes } = this
    const start = this.#length
    for (let i = 0; i < length; i++) {
      const unit = value.charCodeAt(i)
      if (unit > 255) return false
      bytes[start + i] = unit
    }
    this.#length = start + length
    return true
  }

  /** A text as bytes, if all of it is ASCII, and otherwise nothing: then `false` is returned. */
  ascii(value: string): boolean {
    this.#reserve(value.length * 3)
    if (this.bytes.write(value, this.#length, 'utf8') !== value.length) return false
    this.#length += value.length
    return true
  }

  /** Room for `byteLength` bytes, to be filled by the caller at once: where it starts. */
  room(byteLength: number): number {
    this.#reserve(byteLength)
    const start = this.#length
    this.#length += byteLength
    return start
  }

  /** Eight bytes at a multiple of 8: three numbers that say what follows. */
  header(kind: number, small: number, large: number): void {
    this.pad()
    const at = this.room(8) >> 2
    this.ints[at] = kind | (small << 8)
    this.ints[at + 1] = large
  }

  /** Zeros up to a multiple of 8, where typed arrays can start. */
  pad(): void {
    this.#reserve(8)
    while ((this.#length & 7) !== 0) this.bytes[this.#length++] = 0
  }

  get length(): number {
    return this.#length
  }

  /** Takes back what was written since `length` was this. */
  truncate(length: number): void {
    this.#length = length
  }

  /** What was written from `start` to `end`, not copied: valid until the next write. */
  view(start: number, end: number): Buffer {
    return this.bytes.subarray(start, end)
  }

  /** A copy of what was written; the writer is empty then. */
  take(): Uint8Array {
    const length = this.#length
    const taken = new Uint8Array(length)
    // Marks are that short: a view of a part takes longer than the copy.
    if (length <= SHORT_BYTES_MAX) for (let i = 0; i < length; i++) taken[i] = this.bytes[i] as number
    else taken.set(this.bytes.subarray(0, length))
    this.#length = 0
    return taken
  }

  clear(): void {
    this.#length = 0
  }

  #reserve(byteLength: number): void {
    const needed = this.#length + byteLength
    if (needed > this.bytes.length) this.#grow(needed)
  }

  #grow(needed: number): void {
    if (needed > BYTES_MAX) {
      throw new MalstromError(
        'ERR_VALUE_NOT_ENCODABLE',
        `Values that are encoded together have more than ${BYTES_MAX} bytes. Each reference to an object is encoded as a copy of it.`,
      )
    }
    const larger = Buffer.allocUnsafeSlow((Math.max(needed, Math.min(this.bytes.length * 2, BYTES_MAX)) + 7) & ~7)
    larger.set(this.bytes.subarray(0, this.#length))
    this.bytes = larger
    this.ints = new Int32Array(larger.buffer)
    this.floats = new Float64Array(larger.buffer)
  }
}
