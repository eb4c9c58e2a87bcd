/** How the number of an event becomes the 48 bits that its random draws begin with. */
export interface Seeding {
  /** The lower 24 bits; `high` then holds the upper ones. */
  low(number: number): number
  high: number
}

export type SeedingName = 'java' | 'splitmix'

export const seedings: Readonly<Record<SeedingName, () => Seeding>> = {
  java: () => new JavaSeeding(),
  splitmix: () => new SplitMixSeeding(),
}

/** The number itself. Numbers that follow each other give draws that are alike: for the golden answers only. */
class JavaSeeding implements Seeding {
  high = 0

  low(number: number): number {
    this.high = Math.floor(number / 2 ** 24)
    return number - this.high * 2 ** 24
  }
}

/**
 * The lower 48 bits of SplitMix64 (Steele, Lea and Flood, 2014) after one step from the state `number`; 64 bits are kept in halves
 * of 32.
 */
class SplitMixSeeding implements Seeding {
  high = 0
  #high = 0
  #low = 0

  low(number: number): number {
    const upper = Math.floor(number / 2 ** 32)
    // A remainder of floats would be a call into the C library.
    const sum = number - upper * 2 ** 32 + 0x7f_4a_7c_15
    this.#low = sum | 0
    this.#high = (upper + 0x9e_37_79_b9 + (sum >= 2 ** 32 ? 1 : 0)) | 0
    this.#xorShift(30)
    this.#multiply(0xbf_58_47_6d, 0x1c_e4_e5_b9)
    this.#xorShift(27)
    this.#multiply(0x94_d0_49_bb, 0x13_31_11_eb)
    this.#xorShift(31)
    this.high = ((this.#high << 8) | (this.#low >>> 24)) & 0xff_ff_ff
    return this.#low & 0xff_ff_ff
  }

  #xorShift(bits: number): void {
    this.#low ^= (this.#low >>> bits) | (this.#high << (32 - bits))
    this.#high ^= this.#high >>> bits
  }

  /** Modulo 2^64, by parts of 16 bits where the upper half of a product matters. */
  #multiply(high: number, low: number): void {
    const l0 = this.#low & 0xff_ff
    const l1 = this.#low >>> 16
    const m0 = low & 0xff_ff
    const m1 = low >>> 16
    const lowest = Math.imul(l0, m0)
    const first = (Math.imul(l1, m0) + (lowest >>> 16)) | 0
    const second = (Math.imul(l0, m1) + (first & 0xff_ff)) | 0
    const upper = (Math.imul(l1, m1) + (first >>> 16) + (second >>> 16)) | 0
    this.#high = (upper + Math.imul(this.#high, low) + Math.imul(this.#low, high)) | 0
    this.#low = (second << 16) | (lowest & 0xff_ff)
  }
}
