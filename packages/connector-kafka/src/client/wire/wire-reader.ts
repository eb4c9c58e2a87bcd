import { MalstromError } from '@malstrom/core'

/** Reads the primitive types of Kafka's protocol. Throws `ERR_DATA_CORRUPT` where an answer is cut off. */
export class WireReader {
  readonly #buffer: Buffer
  #at = 0

  constructor(buffer: Buffer) {
    this.#buffer = buffer
  }

  int8(): number {
    return this.#buffer.readInt8(this.#advance(1))
  }

  int16(): number {
    return this.#buffer.readInt16BE(this.#advance(2))
  }

  int32(): number {
    return this.#buffer.readInt32BE(this.#advance(4))
  }

  bigint(): bigint {
    return this.#buffer.readBigInt64BE(this.#advance(8))
  }

  /** A 64-bit number that is an offset or a time. */
  int64(): number {
    const number = Number(this.bigint())
    if (Number.isSafeInteger(number)) return number
    throw new MalstromError('ERR_DATA_CORRUPT', `A broker answered with the number ${number}. Offsets and times stay below 2 ** 53.`)
  }

  boolean(): boolean {
    return this.int8() !== 0
  }

  string(): string {
    return this.nullableString() ?? ''
  }

  nullableString(): string | null {
    const bytes = this.int16()
    if (bytes < 0) return null
    const start = this.#advance(bytes)
    return this.#buffer.toString('utf8', start, start + bytes)
  }

  /** A null is an array of none. */
  array<T>(read: () => T): T[] {
    const count = this.int32()
    // An item has at least a byte, so a count that lies ends here.
    if (count > this.#buffer.length - this.#at) this.#advance(count)
    const items: T[] = []
    for (let i = 0; i < count; i++) items.push(read())
    return items
  }

  /** A view, with its length before it; none if it is null. */
  bytes(): Buffer {
    const count = Math.max(0, this.int32())
    const start = this.#advance(count)
    return this.#buffer.subarray(start, start + count)
  }

  #advance(count: number): number {
    const start = this.#at
    if (start + count > this.#buffer.length) throw new MalstromError('ERR_DATA_CORRUPT', 'The answer of a Kafka broker is cut off.')
    this.#at = start + count
    return start
  }
}
