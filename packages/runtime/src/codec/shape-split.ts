import { SHAPES_MAX } from './column-kinds.ts'
import { hasColumns } from './object-gather.ts'

/** Rows for each shape; with fewer, the names of the properties take more room than columns save. */
const ROWS_PER_SHAPE_MIN = 4

/** Names of properties in their order; `null` and `undefined` are shapes of their own. */
type Shape = readonly string[] | null | undefined

/**
 * Parts a column of objects by their shapes, and remembers these from one block to the next. Only
 * the names of properties are compared: what else could be strange about an object is seen when
 * those of its shape become columns.
 */
export class ShapeSplit {
  /** How many shapes the rows have. They are numbered in the order in which they first occur. */
  count = 0
  /** The shape of each row, from the first on. */
  rows = new Uint8Array(256)
  /** The rows of each shape. */
  readonly groups: unknown[][] = Array.from({ length: SHAPES_MAX }, () => [])
  /** Where each shape stands among those that are remembered: the same from block to block as long as there is room. */
  readonly places: number[] = new Array(SHAPES_MAX).fill(0)
  readonly #known: Shape[] = []
  /** By place, the number of the shape in these rows; -1 as long as it has not occurred. */
  readonly #numbers = new Int8Array(SHAPES_MAX)

  /** Whether the values from `from` on, before `to`, are objects of several shapes; `clear` comes after. */
  split(column: ArrayLike<unknown>, from: number, to: number): boolean {
    const isSplit = this.#split(column, from, to)
    if (!isSplit) this.clear()
    return isSplit
  }

  /** Lets go of the values. */
  clear(): void {
    for (let s = 0; s < SHAPES_MAX; s++) (this.groups[s] as unknown[]).length = 0
  }

  #split(column: ArrayLike<unknown>, from: number, to: number): boolean {
    if (to - from < 2 * ROWS_PER_SHAPE_MIN) return false
    const done = this.#fill(column, from, to)
    // Room for others that came in earlier blocks is room for none of these: once more, from an empty memory.
    if (done < to && this.#known.length === SHAPES_MAX && this.count < SHAPES_MAX && isObject(column[done])) {
      this.#known.length = 0
      if (this.#fill(column, from, to) < to) return false
    } else if (done < to) return false
    if (this.count < 2 || to - from < this.count * ROWS_PER_SHAPE_MIN) return false
    for (let s = 0; s < this.count; s++) if (isObject((this.groups[s] as unknown[])[0])) return true
    return false
  }

  /** Returns `to`, or the first row that has no shape or one too many. */
  #fill(column: ArrayLike<unknown>, from: number, to: number): number {
    this.clear()
    this.count = 0
    this.#numbers.fill(-1)
    if (this.rows.length < to - from) this.rows = new Uint8Array((to - from) * 2)
    const { rows, groups } = this
    const numbers = this.#numbers
    let place = 0
    for (let i = from; i < to; i++) {
      const value = column[i]
      // Most follow one of the same shape.
      if (place >= this.#known.length || !isOfShape(value, this.#known[place])) place = this.#placeOf(value)
      if (place < 0) return i
      let shape = numbers[place] as number
      if (shape < 0) {
        shape = this.count++
        numbers[place] = shape
        this.places[shape] = place
      }
      rows[i - from] = shape
      ;(groups[shape] as unknown[]).push(value)
    }
    return to
  }

  #placeOf(value: unknown): number {
    const known = this.#known
    for (let place = 0; place < known.length; place++) if (isOfShape(value, known[place])) return place
    if (known.length === SHAPES_MAX) return -1
    if (value === null || value === undefined) return known.push(value) - 1
    if (typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype) return -1
    const names = Object.keys(value)
    return hasColumns(names) ? known.push(names) - 1 : -1
  }
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}

function isOfShape(value: unknown, shape: Shape): boolean {
  if (shape === null || shape === undefined) return value === shape
  if (typeof value !== 'object' || value === null) return false
  const { length } = shape
  let found = 0
  // The one way to walk over the properties that makes no list of them first.
  for (const name in value) {
    if (found === length || name !== shape[found]) return false
    found++
  }
  return found === length
}
