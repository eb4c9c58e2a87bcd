const SLAB_BYTES = 512 * 1_024
const FREE_SLABS_MAX = 4

/** Memory that several things lie in, one after the other. */
export interface Slab {
  readonly buffer: Buffer
  users: number
  /** Somebody may read it after the last user has gone. */
  isSpoilt: boolean
}

/** Memory that is used again: new memory for every packet would keep the garbage collector busier than the sockets. */
export class Slabs {
  readonly #free: Slab[] = []
  #current: Slab = { buffer: Buffer.alloc(0), users: 0, isSpoilt: true }
  #used = 0

  /** Where the next thing begins that is taken from the current slab. */
  get used(): number {
    return this.#used
  }

  /** A slab with room for `bytes` from `used` on, of which the caller becomes a user. */
  take(bytes: number): Slab {
    if (this.#used + bytes > this.#current.buffer.length) {
      const isUsual = bytes <= SLAB_BYTES
      this.#current = (isUsual ? this.#free.pop() : undefined) ?? {
        buffer: Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, bytes)),
        users: 0,
        isSpoilt: false,
      }
      this.#used = 0
    }
    this.#current.users++
    return this.#current
  }

  /** What was taken last ends here. */
  advance(used: number): void {
    this.#used = used
  }

  /** A user has gone. */
  release(slab: Slab): void {
    slab.users--
    if (slab.users > 0 || slab.isSpoilt) return
    if (slab === this.#current) this.#used = 0
    else if (slab.buffer.length === SLAB_BYTES && this.#free.length < FREE_SLABS_MAX) this.#free.push(slab)
  }
}
