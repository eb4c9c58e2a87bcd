/** Up to here a loop is faster than a call into the engine. */
const LOOP_BYTES_MAX = 64

/** Copies `from[start]` and the `count - 1` bytes after it to `to[at]`, which is another array. */
export function copyBytes(from: Uint8Array, start: number, count: number, to: Uint8Array, at: number): void {
  if (count > LOOP_BYTES_MAX) to.set(from.subarray(start, start + count), at)
  else for (let i = 0; i < count; i++) to[at + i] = from[start + i] as number
}

/** Unpacked bytes: grows as they come, so that a length that lies allocates nothing, and ends at a bound. */
export class OutputBuffer {
  bytes: Buffer
  length = 0
  readonly #bytesMax: number
  readonly #refuse: () => Error

  /** `guess`: how long it will probably be. `refuse` makes the error for more than `bytesMax`. */
  constructor(guess: number, bytesMax: number, refuse: () => Error) {
    this.bytes = Buffer.allocUnsafeSlow(Math.min(guess, bytesMax))
    this.#bytesMax = bytesMax
    this.#refuse = refuse
  }

  append(from: Uint8Array, start: number, count: number): void {
    this.#reserve(count)
    copyBytes(from, start, count, this.bytes, this.length)
    this.length += count
  }

  /** Appends what stands `distance` bytes before the end, which may overlap what is being appended. */
  repeat(distance: number, count: number): void {
    this.#reserve(count)
    const { bytes, length } = this
    if (distance >= count && count > LOOP_BYTES_MAX) bytes.copyWithin(length, length - distance, length - distance + count)
    else for (let at = length, end = length + count; at < end; at++) bytes[at] = bytes[at - distance] as number
    this.length = length + count
  }

  take(): Uint8Array {
    return this.bytes.subarray(0, this.length)
  }

  #reserve(count: number): void {
    const needed = this.length + count
    if (needed <= this.bytes.length) return
    if (needed > this.#bytesMax) throw this.#refuse()
    const larger = Buffer.allocUnsafeSlow(Math.min(this.#bytesMax, Math.max(needed, this.bytes.length * 2)))
    this.bytes.copy(larger, 0, 0, this.length)
    this.bytes = larger
  }
}
