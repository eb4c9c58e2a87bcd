/** Bytes that are being written; the memory is used again after `take`. */
export class ByteWriter {
  #bytes = Buffer.allocUnsafeSlow(64 * 1_024)
  #length = 0

  u8(value: number): void {
    this.#reserve(1)
    this.#bytes[this.#length++] = value
  }

  /** A whole number from 0 to 2^32 - 1; small ones take one byte. */
  varUint(value: number): void {
    this.#reserve(5)
    let rest = value
    while (rest > 127) {
      this.#bytes[this.#length++] = (rest & 127) | 128
      rest >>>= 7
    }
    this.#bytes[this.#length++] = rest
  }

  float64(value: number): void {
    this.#reserve(8)
    this.#length = this.#bytes.writeDoubleLE(value, this.#length)
  }

  bytes(source: Uint8Array): void {
    this.#reserve(source.byteLength)
    this.#bytes.set(source, this.#length)
    this.#length += source.byteLength
  }

  /** A text of known encoding: one byte per UTF-16 unit (`latin1`), or two (`utf16le`). */
  text(value: string, encoding: 'latin1' | 'utf16le'): void {
    this.#reserve(value.length * 2)
    this.#length += this.#bytes.write(value, this.#length, encoding)
  }

  /** Room for `byteLength` bytes, to be filled by the caller at once. */
  room(byteLength: number): Buffer {
    this.#reserve(byteLength)
    const room = this.#bytes.subarray(this.#length, this.#length + byteLength)
    this.#length += byteLength
    return room
  }

  get length(): number {
    return this.#length
  }

  /** What was written from `start` to `end`, not copied: valid until the next write. */
  view(start: number, end: number): Buffer {
    return this.#bytes.subarray(start, end)
  }

  /** A copy of what was written; the writer is empty then. */
  take(): Uint8Array {
    const taken = new Uint8Array(this.#length)
    taken.set(this.#bytes.subarray(0, this.#length))
    this.#length = 0
    return taken
  }

  clear(): void {
    this.#length = 0
  }

  #reserve(byteLength: number): void {
    const needed = this.#length + byteLength
    if (needed <= this.#bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2))
    larger.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = larger
  }
}
