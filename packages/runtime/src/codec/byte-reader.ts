import { MalstromError } from '@malstrom/core'

/** What was read is not what was written. */
export function corrupt(what: string): MalstromError {
  return new MalstromError(
    'ERR_DATA_CORRUPT',
    `Encoded data cannot be read: ${what}. It was damaged or cut off, or another program wrote it.`,
  )
}

/** Memory that is kept from one block to the next. */
const KEPT_BYTES_MAX = 1_024 * 1_024

/**
 * Reads bytes that may be damaged: never beyond the end, and never more than there is. They are
 * copied first, so that nobody changes them meanwhile, and columns start where typed arrays can.
 */
export class ByteReader {
  /** Of the copy, for columns that were measured with `take`. */
  bytes = Buffer.alloc(0)
  shorts = new Uint16Array(0)
  ints = new Int32Array(0)
  floats = new Float64Array(0)
  #at = 0
  #end = 0

  /** Reads `bytes` from `offset` on from now on. */
  open(bytes: Uint8Array, offset: number): void {
    const length = Math.max(0, bytes.length - offset)
    if (this.bytes.length < length || this.bytes.length > KEPT_BYTES_MAX) this.#allocate(length)
    this.bytes.set(offset === 0 ? bytes : bytes.subarray(offset))
    this.#at = 0
    this.#end = length
  }

  #allocate(length: number): void {
    // More than is needed now, or a stream of frames that grow would allocate for each.
    const size = length > KEPT_BYTES_MAX ? length : Math.min(KEPT_BYTES_MAX, Math.max(4_096, length * 2))
    this.bytes = Buffer.allocUnsafeSlow((size + 7) & ~7)
    this.shorts = new Uint16Array(this.bytes.buffer)
    this.ints = new Int32Array(this.bytes.buffer)
    this.floats = new Float64Array(this.bytes.buffer)
  }

  get left(): number {
    return this.#end - this.#at
  }

  u8(): number {
    this.#need(1)
    return this.bytes[this.#at++] as number
  }

  varUint(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.u8()
      value += (byte & 127) * 2 ** shift
      if (byte < 128) {
        if (value > 0xffff_ffff) throw corrupt('a number is too large')
        return value
      }
    }
    throw corrupt('a number has no end')
  }

  /** The number of things that follow, each of at least `bytesEach` bytes. */
  count(bytesEach: number): number {
    const count = this.varUint()
    if (count * bytesEach > this.left) throw corrupt(`${count} elements are announced and ${this.left} bytes left`)
    return count
  }

  float64(): number {
    const at = this.take(8)
    return this.bytes.readDoubleLE(at)
  }

  /** Where the next `byteLength` bytes start, which count as read. */
  take(byteLength: number): number {
    this.#need(byteLength)
    const at = this.#at
    this.#at += byteLength
    return at
  }

  /** Passes the zeros up to a multiple of 8. */
  pad(): void {
    const next = (this.#at + 7) & ~7
    if (next > this.#end) throw corrupt('it ends within a column')
    this.#at = next
  }

  /** Where the next header starts, in units of 4 bytes: see `ByteWriter.header`. */
  header(): number {
    this.pad()
    return this.take(8) >> 2
  }

  /** The next bytes as a copy that starts at a multiple of 8, as typed arrays need it. */
  copy(byteLength: number): ArrayBuffer {
    const at = this.take(byteLength)
    const copy = new ArrayBuffer(byteLength)
    new Uint8Array(copy).set(this.bytes.subarray(at, at + byteLength))
    return copy
  }

  /** The next bytes as a text of as many characters, without passing them. */
  peek(byteLength: number): string {
    this.#need(byteLength)
    return this.bytes.toString('latin1', this.#at, this.#at + byteLength)
  }

  /** A copy of the next bytes, without passing them. */
  peekBytes(byteLength: number): Uint8Array {
    this.#need(byteLength)
    return new Uint8Array(this.bytes.subarray(this.#at, this.#at + byteLength))
  }

  /** Passes the next bytes if they are these, and says so. */
  skipIfEqual(expected: Uint8Array, byteLength: number): boolean {
    if (byteLength !== expected.length || byteLength > this.left) return false
    if (this.bytes.compare(expected, 0, byteLength, this.#at, this.#at + byteLength) !== 0) return false
    this.#at += byteLength
    return true
  }

  /** A text of `length` UTF-16 units. */
  text(length: number, encoding: 'latin1' | 'utf16le'): string {
    const byteLength = encoding === 'latin1' ? length : length * 2
    const at = this.take(byteLength)
    return this.bytes.toString(encoding, at, at + byteLength)
  }

  end(): void {
    if (this.left > 0) throw corrupt(`${this.left} bytes are left over`)
  }

  #need(byteLength: number): void {
    if (byteLength > this.left) throw corrupt(`${byteLength} bytes are announced and ${this.left} left`)
  }
}
