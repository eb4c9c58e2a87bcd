const CHUNK = 4_096

/** A list that only grows, in pieces, so that no addition ever copies what is there. */
export class DirtyList<C> {
  readonly #chunks: C[][] = []
  #last: C[] = []
  #length = 0

  get length(): number {
    return this.#length
  }

  push(item: C): void {
    if (this.#length % CHUNK === 0) {
      this.#last = []
      this.#chunks.push(this.#last)
    }
    this.#last.push(item)
    this.#length++
  }

  at(index: number): C | undefined {
    return this.#chunks[Math.floor(index / CHUNK)]?.[index % CHUNK]
  }
}
