import type { TimestampAlgebra } from '@malstrom/core'

/** Items by due time, earliest first: a binary heap. */
export class ExpiryQueue<I, T> {
  readonly #time: TimestampAlgebra<T>
  readonly #heap: { readonly due: T; readonly item: I }[] = []

  constructor(time: TimestampAlgebra<T>) {
    this.#time = time
  }

  get size(): number {
    return this.#heap.length
  }

  push(due: T, item: I): void {
    const heap = this.#heap
    const added = { due, item }
    let hole = heap.length
    heap.push(added)
    while (hole > 0) {
      const parent = (hole - 1) >> 1
      const above = heap[parent] as typeof added
      if (this.#time.compare(above.due, due) <= 0) break
      heap[hole] = above
      hole = parent
    }
    heap[hole] = added
  }

  /** Removes and returns the item that is due first, if that is at or before `limit`. */
  popDue(limit: T): I | undefined {
    const first = this.#heap[0]
    if (first === undefined || this.#time.compare(first.due, limit) > 0) return undefined
    const last = this.#heap.pop()
    if (last !== undefined && last !== first) this.#sink(last)
    return first.item
  }

  #sink(moved: { readonly due: T; readonly item: I }): void {
    const heap = this.#heap
    let hole = 0
    for (;;) {
      const left = 2 * hole + 1
      const right = left + 1
      const leftItem = heap[left]
      if (leftItem === undefined) break
      const rightItem = heap[right]
      const useRight = rightItem !== undefined && this.#time.compare(rightItem.due, leftItem.due) < 0
      const child = useRight ? rightItem : leftItem
      if (this.#time.compare(moved.due, child.due) <= 0) break
      heap[hole] = child
      hole = useRight ? right : left
    }
    heap[hole] = moved
  }
}
