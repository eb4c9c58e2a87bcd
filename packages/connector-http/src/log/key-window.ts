/** The last idempotency keys, up to a bound. */
export class KeyWindow {
  readonly #keysMax: number
  /** In the order in which they came. */
  readonly #keys = new Set<string>()

  constructor(keysMax: number) {
    this.#keysMax = keysMax
  }

  has(key: string): boolean {
    return this.#keys.has(key)
  }

  /** Forgets the oldest one if there are too many. */
  add(key: string): void {
    this.#keys.delete(key)
    this.#keys.add(key)
    if (this.#keys.size <= this.#keysMax) return
    for (const oldest of this.#keys) {
      this.#keys.delete(oldest)
      return
    }
  }

  /** Oldest first. */
  list(): string[] {
    return [...this.#keys]
  }
}
