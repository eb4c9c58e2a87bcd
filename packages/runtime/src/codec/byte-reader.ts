import { MalstromError } from '@malstrom/core'

/** What was read is not what was written. */
export function corrupt(what: string): MalstromError {
  return new MalstromError(
    'ERR_DATA_CORRUPT',
    `Encoded data cannot be read: ${what}. It was damaged or cut off, or another program wrote it.`,
  )
}

/** Reads bytes that may be damaged: never beyond the end, and never more than there is. */
export class ByteReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get left(): number {
    return this.#bytes.length - this.#at
  }

  u8(): number {
    this.#need(1)
    return this.#bytes[this.#at++] as number
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
    this.#need(8)
    const value = this.#bytes.readDoubleLE(this.#at)
    this.#at += 8
    return value
  }

  /** The next bytes, not copied. */
  view(byteLength: number): Buffer {
    this.#need(byteLength)
    const view = this.#bytes.subarray(this.#at, this.#at + byteLength)
    this.#at += byteLength
    return view
  }

  /** The next bytes as a copy that starts at a multiple of 8, as typed arrays need it. */
  copy(byteLength: number): ArrayBuffer {
    const copy = new ArrayBuffer(byteLength)
    new Uint8Array(copy).set(this.view(byteLength))
    return copy
  }

  /** A text of `length` UTF-16 units. */
  text(length: number, encoding: 'latin1' | 'utf16le'): string {
    return this.view(encoding === 'latin1' ? length : length * 2).toString(encoding)
  }

  end(): void {
    if (this.left > 0) throw corrupt(`${this.left} bytes are left over`)
  }

  #need(byteLength: number): void {
    if (byteLength > this.left) throw corrupt(`${byteLength} bytes are announced and ${this.left} left`)
  }
}
