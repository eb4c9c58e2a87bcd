import { type Key, rendezvousSelect, type WorkerId } from '@malstrom/core'

/** A power of two. */
export const OWNER_SLOTS = 1_024

/** What a cache that has met no number has: in each place a key that belongs to another one. */
const NO_KEYS = Int32Array.from({ length: OWNER_SLOTS }, (_, slot) => slot + 1)
const NO_OWNERS = new Int32Array(OWNER_SLOTS)

/**
 * Which of these workers `rendezvousSelect` gives a key to, remembered for whole numbers of 32 bits: the hash of a number takes some
 * ten times as long as to look here, and keys of streams come again. A key has one place, and the last one that came has it.
 * There is memory of its own from the first number on: most exchanges have other keys.
 */
export class OwnerCache {
  /** The key in each place. Others take the place of these arrays once; who goes on looking here does not find anything. */
  keys = NO_KEYS
  owners = NO_OWNERS
  readonly #workers: readonly WorkerId[]

  constructor(workers: readonly WorkerId[]) {
    this.#workers = workers
  }

  /** The owner of a key that is not here, and from now on is. */
  choose(key: Key): WorkerId {
    const owner = rendezvousSelect(key, this.#workers)
    if (typeof key === 'number') {
      const whole = key | 0
      if (whole === key) {
        if (this.keys === NO_KEYS) {
          this.keys = NO_KEYS.slice()
          this.owners = NO_OWNERS.slice()
        }
        this.keys[whole & (OWNER_SLOTS - 1)] = whole
        this.owners[whole & (OWNER_SLOTS - 1)] = owner
      }
    }
    return owner
  }
}
