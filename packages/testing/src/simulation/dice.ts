/** Random numbers that are the same for the same seed. */
export class Dice {
  #state: number

  constructor(seed: number) {
    this.#state = (Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995) >>> 0 || 1
    for (let i = 0; i < 8; i++) this.unit()
  }

  /** At least 0 and below 1. */
  unit(): number {
    let state = this.#state
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    this.#state = state >>> 0
    return this.#state / 2 ** 32
  }

  /** A whole number from 0 to `end - 1`. */
  below(end: number): number {
    return Math.floor(this.unit() * end)
  }

  /** True with this probability. */
  chance(probability: number): boolean {
    return this.unit() < probability
  }

  pick<E>(elements: readonly E[]): E {
    return elements[this.below(elements.length)] as E
  }
}
