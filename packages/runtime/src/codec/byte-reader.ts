import { MalstromError } from '@malstrom/core'
import { ByteBlock } from './byte-block.ts'

/** What was read is not what was written. */
export function corrupt(what: string): MalstromError {
  return new MalstromError(
    'ERR_DATA_CORRUPT',
    `Encoded data cannot be read: ${what}. It was damaged or cut off, or another program wrote it.`,
  )
}

/** Memory that is kept from one block to the next. */
const KEPT_BYTES_MAX = 1_024 * 1_024

/** Up to here bytes are copied one by one: for a mark, a view of a part takes longer than that. */
const SHORT_BYTES_MAX = 32

function copyFrom(bytes: Uint8Array, offset: number, length: number, target: Uint8Array): void {
  if (length <= SHORT_BYTES_MAX) for (let i = 0; i < length; i++) target[i] = bytes[offset + i] as number
  else target.set(offset === 0 ? bytes : bytes.subarray(offset))
}

/** Names that are remembered in one thread, each in one place: a power of two. Longer ones are not. */
const NAME_SLOTS = 512
const NAME_LENGTH_MAX = 24

const names: (string | undefined)[] = new Array<string | undefined>(NAME_SLOTS).fill(undefined)

function isTextAt(bytes: Uint8Array, at: number, length: number, text: string): boolean {
  if (text.length !== length) return false
  for (let i = 0; i < length; i++) if (text.charCodeAt(i) !== bytes[at + i]) return false
  return true
}

/**
 * Reads bytes that may be damaged: never beyond the end, and never more than there is. They lie in a
 * block, so that nobody changes them meanwhile, and columns start where typed arrays can.
 */
export class ByteReader {
  #own = new ByteBlock(0)
  /** Of the block that is read, for columns that were measured with `take`. */
  bytes = this.#own.bytes
  shorts = this.#own.shorts
  ints = this.#own.ints
  floats = this.#own.floats
  #at = 0
  #end = 0

  /** Reads a copy of `bytes` from `offset` on from now on. */
  open(bytes: Uint8Array, offset: number): void {
    const length = Math.max(0, bytes.length - offset)
    const room = this.#own.bytes.length
    // More than is needed now, or a stream of frames that grow would allocate for each.
    if (length > KEPT_BYTES_MAX) this.#own = new ByteBlock(length)
    else if (room < length || room > KEPT_BYTES_MAX) this.#own = new ByteBlock(Math.min(KEPT_BYTES_MAX, Math.max(4_096, length * 2)))
    copyFrom(bytes, offset, length, this.#own.bytes)
    this.#own.length = length
    this.openBlock(this.#own, 0)
  }

  /** Reads what is in `block` from `offset` on, a multiple of 8. */
  openBlock({ bytes, shorts, ints, floats, length }: ByteBlock, offset: number): void {
    this.bytes = bytes
    this.shorts = shorts
    this.ints = ints
    this.floats = floats
    this.#at = offset
    this.#end = Math.max(offset, length)
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

  /** `text` with one byte per character, for names that come again and again: one that is known already is the same text. */
  name(length: number): string {
    if (length === 0 || length > NAME_LENGTH_MAX) return this.text(length, 'latin1')
    const at = this.take(length)
    const { bytes } = this
    const slot = ((bytes[at] as number) * 31 + (bytes[at + length - 1] as number) * 7 + length) & (NAME_SLOTS - 1)
    const known = names[slot]
    if (known !== undefined && isTextAt(bytes, at, length, known)) return known
    const name = bytes.toString('latin1', at, at + length)
    names[slot] = name
    return name
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
