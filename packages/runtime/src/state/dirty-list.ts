const CHUNK = 4_096
/** Of the first piece, which grows to the size of the others: most lists are short, and each operator begins one with each snapshot. */
const FIRST_CHUNK = 64

/** A list that only grows, in pieces, so that no addition copies more than one piece. */
export class DirtyList<C> {
  readonly #chunks: (C | undefined)[][] = []
  #last: (C | undefined)[] = []
  #length = 0

  get length(): number {
    return this.#length
  }

  push(item: C): void {
    const index = this.#length++ % CHUNK
    if (index === 0) {
      this.#last = new Array(this.#chunks.length === 0 ? FIRST_CHUNK : CHUNK)
      this.#chunks.push(this.#last)
    }
    this.#last[index] = item
  }

  at(index: number): C | undefined {
    return this.#chunks[Math.floor(index / CHUNK)]?.[index % CHUNK]
  }

  /** What is there, which is forgotten then. */
  take(index: number): C | undefined {
    const chunk = this.#chunks[Math.floor(index / CHUNK)]
    const item = chunk?.[index % CHUNK]
    if (chunk !== undefined) chunk[index % CHUNK] = undefined
    return item
  }
}
