/** Where the parts of a record lie in `bytes`. A start of -1 is null. */
export class RecordReader {
  bytes: Buffer = Buffer.alloc(0)
  timestampDelta = 0
  offsetDelta = 0
  keyStart = -1
  keyEnd = -1
  valueStart = -1
  valueEnd = -1
  /** Where the count of the headers stands. */
  headersStart = 0
  /** Where the record ends. */
  end = 0
  #at = 0
  #limit = 0

  /** From now on the records are those in `bytes[start]` to `bytes[end - 1]`. */
  open(bytes: Buffer, start: number, end: number): void {
    this.bytes = bytes
    this.#at = start
    this.#limit = end
  }

  /** Reads the next record, all but its headers. False if it is not whole. */
  read(): boolean {
    const length = this.#varint()
    const start = this.#at
    const end = start + length
    if (!(length > 0 && end <= this.#limit)) return false
    this.#at = start + 1
    this.timestampDelta = this.#varint()
    this.offsetDelta = this.#varint()

    const keyBytes = this.#varint()
    this.keyStart = keyBytes < 0 ? -1 : this.#at
    if (keyBytes > 0) this.#at += keyBytes
    this.keyEnd = this.#at

    const valueBytes = this.#varint()
    this.valueStart = valueBytes < 0 ? -1 : this.#at
    if (valueBytes > 0) this.#at += valueBytes
    this.valueEnd = this.#at

    this.headersStart = this.#at
    this.end = end
    // A number that is cut off is `NaN`, and a length that leads too far makes the place of the headers wrong.
    const isWhole = this.#at < end && this.offsetDelta >= 0 && keyBytes >= -1 && valueBytes >= -1
    this.#at = end
    return isWhole
  }

  get isAtEnd(): boolean {
    return this.#at === this.#limit
  }

  #varint(): number {
    const byte = this.bytes[this.#at] as number
    if (byte < 0x80) {
      this.#at++
      return (byte >>> 1) ^ -(byte & 1)
    }
    const { value, end } = readVarint(this.bytes, this.#at)
    this.#at = end
    return value
  }
}

const BYTES_MAX = 10
const result = { value: 0, end: 0 }

/** A signed number as `writeVarint` writes it; `NaN` if it is cut off or longer than 64 bits. The object is the same every time. */
export function readVarint(bytes: Uint8Array, at: number): { readonly value: number; readonly end: number } {
  let low = 0
  let high = 0
  for (let i = 0; i < BYTES_MAX; i++) {
    const byte = bytes[at + i]
    if (byte === undefined) break
    // 28 bits at a time, so that small numbers need no bigint.
    if (i < 4) low |= (byte & 0x7f) << (7 * i)
    else high += (byte & 0x7f) * 2 ** (7 * (i - 4))
    if (byte < 0x80) {
      result.end = at + i + 1
      result.value = i < 4 ? (low >>> 1) ^ -(low & 1) : unzigzag(low, high)
      return result
    }
  }
  result.value = Number.NaN
  result.end = at
  return result
}

function unzigzag(low: number, high: number): number {
  const value = BigInt.asUintN(64, (BigInt(high) << 28n) + BigInt(low))
  return Number((value >> 1n) ^ -(value & 1n))
}
