/** Longer arrays grow element by element. */
const MODEL_LENGTH_MAX = 16_384

/**
 * Makes arrays without holes, as V8 sees them: a part of a model, of which it copies the kind. `new
 * Array(length)` would count as one with holes for ever, and adding the elements one by one takes
 * four times as long.
 */
class PackedArrays<T> {
  readonly #element: T
  readonly #model: T[] = []

  constructor(element: T) {
    this.#element = element
  }

  ofLength(length: number): T[] {
    const model = this.#model
    if (length > MODEL_LENGTH_MAX) return this.#grown(length)
    while (model.length < length) model.push(this.#element)
    return model.slice(0, length)
  }

  #grown(length: number): T[] {
    const array: T[] = []
    for (let i = 0; i < length; i++) array.push(this.#element)
    return array
  }
}

const ints = new PackedArrays(0)
const floats = new PackedArrays(0.5)
const others = new PackedArrays<unknown>(undefined)

/** Numbers as an ordinary array: `source[at]` and those that follow. Four at a time takes two thirds of the time. */
export function intsOf(source: Int32Array, at: number, count: number): number[] {
  const array = ints.ofLength(count)
  let i = 0
  for (let from = at | 0; i < (count | 0) - 3; i += 4, from += 4) {
    array[i] = source[from] as number
    array[i + 1] = source[from + 1] as number
    array[i + 2] = source[from + 2] as number
    array[i + 3] = source[from + 3] as number
  }
  for (; i < count; i++) array[i] = source[at + i] as number
  return array
}

/** A function of its own, so that each sees one kind of arrays only. */
export function floatsOf(source: Float64Array, at: number, count: number): number[] {
  const array = floats.ofLength(count)
  let i = 0
  for (let from = at | 0; i < (count | 0) - 3; i += 4, from += 4) {
    array[i] = source[from] as number
    array[i + 1] = source[from + 1] as number
    array[i + 2] = source[from + 2] as number
    array[i + 3] = source[from + 3] as number
  }
  for (; i < count; i++) array[i] = source[at + i] as number
  return array
}

/** An array of `undefined`, to be filled with any values. */
export function packedArray(count: number): unknown[] {
  return others.ofLength(count)
}
