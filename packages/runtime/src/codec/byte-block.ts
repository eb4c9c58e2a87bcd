/**
 * Memory with the views that columns need. A column of numbers that was read from a block is a view of it: valid for as long as
 * nobody writes to the block.
 */
export class ByteBlock {
  readonly bytes: Buffer
  readonly shorts: Uint16Array
  readonly ints: Int32Array
  readonly floats: Float64Array
  /** Bytes of it that are in use, from its start on. */
  length = 0

  constructor(byteLength: number) {
    this.bytes = Buffer.allocUnsafeSlow((byteLength + 7) & ~7)
    this.shorts = new Uint16Array(this.bytes.buffer)
    this.ints = new Int32Array(this.bytes.buffer)
    this.floats = new Float64Array(this.bytes.buffer)
  }
}

/** What is smaller gets a block of this size; blocks are powers of two. */
const SMALLEST_BITS = 12

/** Larger blocks are not kept. */
const LARGEST_BITS = 20

/** Blocks to be used again, which lie in the caches of the processor: new ones do not. */
export class BlockPool {
  readonly #free: ByteBlock[][] = []
  readonly #keptMax: number
  #kept = 0

  /** Keeps at most so many bytes. */
  constructor(keptMax: number) {
    this.#keptMax = keptMax
  }

  /** A block with a copy of `bytes` at its start, until it is given back. */
  copyOf(bytes: Uint8Array): ByteBlock {
    const bits = bitsOf(bytes.length)
    const kept = this.#free[bits]?.pop()
    if (kept !== undefined) this.#kept -= kept.bytes.length
    const block = kept ?? new ByteBlock(bits > LARGEST_BITS ? bytes.length : 2 ** bits)
    block.bytes.set(bytes)
    block.length = bytes.length
    return block
  }

  /** Nobody refers to the block any more, nor to columns that lie in it. */
  giveBack(block: ByteBlock): void {
    const { length } = block.bytes
    const bits = bitsOf(length)
    if (bits > LARGEST_BITS || this.#kept + length > this.#keptMax) return
    this.#kept += length
    const free = this.#free[bits]
    if (free === undefined) this.#free[bits] = [block]
    else free.push(block)
  }
}

function bitsOf(byteLength: number): number {
  return Math.max(SMALLEST_BITS, 32 - Math.clz32(byteLength - 1))
}
