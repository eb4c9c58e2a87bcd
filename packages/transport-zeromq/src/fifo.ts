/** A queue that takes constant time at both ends. Whoever pushes keeps its bound. */
export class Fifo<T> {
  #items: (T | undefined)[] = new Array(16)
  #first = 0
  #size = 0

  get size(): number {
    return this.#size
  }

  push(item: T): void {
    if (this.#size === this.#items.length) this.#grow()
    this.#items[(this.#first + this.#size) & (this.#items.length - 1)] = item
    this.#size++
  }

  /** The item at this distance from the oldest one. */
  at(index: number): T | undefined {
    return index < this.#size ? this.#items[(this.#first + index) & (this.#items.length - 1)] : undefined
  }

  /** Removes the oldest item. */
  take(): T | undefined {
    if (this.#size === 0) return undefined
    const item = this.#items[this.#first]
    this.#items[this.#first] = undefined
    this.#first = (this.#first + 1) & (this.#items.length - 1)
    this.#size--
    return item
  }

  clear(): void {
    this.#items = new Array(16)
    this.#first = 0
    this.#size = 0
  }

  #grow(): void {
    const items = new Array<T | undefined>(this.#items.length * 2)
    for (let index = 0; index < this.#size; index++) items[index] = this.at(index)
    this.#items = items
    this.#first = 0
  }
}
