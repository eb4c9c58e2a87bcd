const FIRST_BYTES = 256

/** Writes the primitive types of Kafka's protocol, big-endian, into a buffer that grows. */
export class WireWriter {
  #buffer = Buffer.allocUnsafe(FIRST_BYTES)
  #end = 0

  int8(value: number): this {
    this.#end = this.#reserve(1).writeInt8(value, this.#end)
    return this
  }

  int16(value: number): this {
    this.#end = this.#reserve(2).writeInt16BE(value, this.#end)
    return this
  }

  int32(value: number): this {
    this.#end = this.#reserve(4).writeInt32BE(value, this.#end)
    return this
  }

  int64(value: number | bigint): this {
    this.#end = this.#reserve(8).writeBigInt64BE(BigInt(value), this.#end)
    return this
  }

  boolean(value: boolean): this {
    return this.int8(value ? 1 : 0)
  }

  /** At most 32,767 bytes of UTF-8, with their count before them. */
  string(value: string | null): this {
    if (value === null) return this.int16(-1)
    const bytes = Buffer.byteLength(value)
    this.int16(bytes)
    this.#end += this.#reserve(bytes).write(value, this.#end)
    return this
  }

  array<T>(items: readonly T[], write: (item: T) => void): this {
    this.int32(items.length)
    for (const item of items) write(item)
    return this
  }

  /** Makes room for `count` bytes and returns it, to be filled before the next write. */
  room(count: number): Buffer {
    const room = this.#reserve(count).subarray(this.#end, this.#end + count)
    this.#end += count
    return room
  }

  take(): Buffer {
    return this.#buffer.subarray(0, this.#end)
  }

  #reserve(count: number): Buffer {
    const needed = this.#end + count
    if (needed > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2))
      this.#buffer.copy(larger, 0, 0, this.#end)
      this.#buffer = larger
    }
    return this.#buffer
  }
}
