import type { TimestampAlgebra } from '@malstrom/core'

/** Entries that have left the line before it is cut off at its front; besides, they are at least half of it. */
const LEFT_ENTRIES_MIN = 1_024

/**
 * Items by due time, earliest first. Those that come in the order of their times, as most do, stand in a line, which costs the
 * same however many there are; the others are in a binary heap. Times and items have arrays of their own: looking for a place
 * then reads numbers in a row and no objects, and an item costs none.
 */
export class ExpiryQueue<I, T> {
  readonly #time: TimestampAlgebra<T>
  readonly #heap: I[] = []
  readonly #heapDue: T[] = []
  #line: I[] = []
  #lineDue: T[] = []
  #head = 0
  #poppedDue: T | undefined

  constructor(time: TimestampAlgebra<T>) {
    this.#time = time
  }

  get size(): number {
    return this.#heap.length + this.#line.length - this.#head
  }

  /** When the first item is due; `undefined` if there is none. */
  get earliest(): T | undefined {
    if (this.size === 0) return undefined
    return this.#heapIsFirst() ? this.#heapDue[0] : this.#lineDue[this.#head]
  }

  /** When the item was due that `popDue` returned last. */
  get poppedDue(): T {
    return this.#poppedDue as T
  }

  push(due: T, item: I): void {
    const { length } = this.#line
    if (this.#head === length || this.#time.compare(this.#lineDue[length - 1] as T, due) <= 0) {
      this.#line.push(item)
      this.#lineDue.push(due)
    } else this.#rise(due, item)
  }

  /** Removes and returns the item that is due first, if that is at or before `limit`. */
  popDue(limit: T): I | undefined {
    if (this.size === 0) return undefined
    const fromHeap = this.#heapIsFirst()
    const due = (fromHeap ? this.#heapDue[0] : this.#lineDue[this.#head]) as T
    if (this.#time.compare(due, limit) > 0) return undefined
    this.#poppedDue = due
    return fromHeap ? this.#popTop() : this.#popLine()
  }

  /** Of a queue that is not empty. */
  #heapIsFirst(): boolean {
    if (this.#heap.length === 0) return false
    return this.#head === this.#line.length || this.#time.compare(this.#heapDue[0] as T, this.#lineDue[this.#head] as T) < 0
  }

  #popLine(): I {
    const item = this.#line[this.#head] as I
    // What has left must not stay, also in a line that never becomes empty.
    this.#line[this.#head++] = undefined as never
    if (this.#head === this.#line.length || (this.#head >= LEFT_ENTRIES_MIN && 2 * this.#head >= this.#line.length)) {
      this.#line = this.#line.slice(this.#head)
      this.#lineDue = this.#lineDue.slice(this.#head)
      this.#head = 0
    }
    return item
  }

  #popTop(): I {
    const top = this.#heap[0] as I
    const due = this.#heapDue.pop() as T
    const item = this.#heap.pop() as I
    if (this.#heap.length > 0) this.#sink(due, item)
    return top
  }

  #rise(due: T, item: I): void {
    const [heap, heapDue] = [this.#heap, this.#heapDue]
    let hole = heap.length
    heap.push(item)
    heapDue.push(due)
    while (hole > 0) {
      const parent = (hole - 1) >> 1
      const above = heapDue[parent] as T
      if (this.#time.compare(above, due) <= 0) break
      heapDue[hole] = above
      heap[hole] = heap[parent] as I
      hole = parent
    }
    heapDue[hole] = due
    heap[hole] = item
  }

  #sink(due: T, item: I): void {
    const [heap, heapDue] = [this.#heap, this.#heapDue]
    const { length } = heap
    let hole = 0
    for (let child = 1; child < length; child = 2 * hole + 1) {
      const right = child + 1
      if (right < length && this.#time.compare(heapDue[right] as T, heapDue[child] as T) < 0) child = right
      const below = heapDue[child] as T
      if (this.#time.compare(due, below) <= 0) break
      heapDue[hole] = below
      heap[hole] = heap[child] as I
      hole = child
    }
    heapDue[hole] = due
    heap[hole] = item
  }
}
