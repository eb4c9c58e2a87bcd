/** Places taken at the front of the list before it is cut off there; also at least half of the list. */
const TAKEN_MIN = 16

/** First in, first out, at constant cost. */
export class Fifo<T> {
  #items: T[] = []
  #taken = 0

  push(item: T): void {
    this.#items.push(item)
  }

  /** The oldest item; it stays. */
  peek(): T | undefined {
    return this.#items[this.#taken]
  }

  take(): T | undefined {
    if (this.empty) return undefined
    const item = this.#items[this.#taken++]
    if (this.empty) this.clear()
    else if (this.#taken >= TAKEN_MIN && this.#taken * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#taken)
      this.#taken = 0
    }
    return item
  }

  clear(): void {
    this.#items = []
    this.#taken = 0
  }

  get empty(): boolean {
    return this.#taken === this.#items.length
  }
}
