import type { Seeding } from './seeding.ts'

/** 2^31, the range of what a draw is made from. */
const BITS_RANGE = 2 ** 31
const MASK_24 = 0xff_ff_ff

/**
 * `java.util.Random`, bit by bit: the linear congruential generator of 48 bits with the multiplier 0x5DEECE66D and the increment
 * 11. The state is kept in halves of 24 bits, and their products in parts of 12, so that everything fits into 32-bit integers.
 */
export class JavaRandom {
  #high = 0
  #low = 0

  /** Begins anew, as `new Random(...)` does: with the number itself, or with a hash of it. */
  seed(number: number, seeding: Seeding): void {
    this.#low = (seeding.low(number) ^ 0xec_e6_6d) & MASK_24
    this.#high = (seeding.high ^ 0x5_de) & MASK_24
  }

  /** `nextInt(bound)`: a whole number from 0 to `bound - 1`. `bound` is at most 2^20. */
  below(bound: number): number {
    if ((bound & -bound) === bound) return Math.floor((bound * this.#next31()) / BITS_RANGE)
    for (;;) {
      const bits = this.#next31()
      const rest = bits % bound
      // The last, incomplete range of remainders is drawn again, or small numbers would be more frequent.
      if (bits - rest + (bound - 1) < BITS_RANGE) return rest
    }
  }

  /** `nextInt(2) > 0`, and so on: true unless the draw below a power of two is 0. */
  unlessZeroOf(bits: number): boolean {
    return this.#next31() >>> (31 - bits) !== 0
  }

  /** `nextDouble()`: a number from 0 to below 1 with 53 bits. */
  unit(): number {
    this.#step()
    const high = (this.#high << 2) | (this.#low >>> 22)
    this.#step()
    return (high * 2 ** 27 + ((this.#high << 3) | (this.#low >>> 21))) * 2 ** -53
  }

  #next31(): number {
    this.#step()
    return (this.#high << 7) | (this.#low >>> 17)
  }

  #step(): void {
    const low = this.#low
    const a = low >>> 12
    const b = low & 0xf_ff
    const lowest = b * 0x6_6d + 11
    const middle = a * 0x6_6d + b * 0xe_ce + (lowest >>> 12)
    const carry = a * 0xe_ce + (middle >>> 12)
    this.#low = ((middle & 0xf_ff) << 12) | (lowest & 0xf_ff)
    this.#high = (Math.imul(this.#high, 0xec_e6_6d) + Math.imul(low, 0x5_de) + carry) & MASK_24
  }
}
