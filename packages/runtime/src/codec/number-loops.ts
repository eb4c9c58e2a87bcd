import { generated } from './generated-code.ts'

/**
 * Copies numbers from `column[from]` on, before `to`, into `target` from `at` on. Returns the index of
 * the first value that is none of this kind, or `to`.
 */
export type CopyNumbers<T> = (column: ArrayLike<unknown>, from: number, to: number, target: T, at: number) => number

export interface NumberLoops {
  /** Whole numbers of 32 bits, and not -0. */
  readonly ints: CopyNumbers<Int32Array>
  readonly floats: CopyNumbers<Float64Array>
}

/** For columns that have no loops of their own. */
export const sharedNumberLoops: NumberLoops = {
  ints(column, from, to, target, at) {
    const shift = at - from
    for (let i = from; i < to; i++) {
      const value = column[i]
      // Also of other kinds of values `|` would make numbers, with code of the user.
      if (typeof value !== 'number' || (value | 0) !== value || (value === 0 && 1 / value < 0)) return i
      target[i + shift] = value
    }
    return to
  },
  floats(column, from, to, target, at) {
    const shift = at - from
    for (let i = from; i < to; i++) {
      const value = column[i]
      if (typeof value !== 'number') return i
      target[i + shift] = value
    }
    return to
  },
}

/**
 * Arrays of numbers differ in how V8 keeps their elements, and a loop that has seen more than four
 * kinds of arrays takes six times as long.
 */
export function ownNumberLoops(): NumberLoops {
  const loop = (condition: string) => `(column, from, to, target, at) => {
  const end = to | 0
  const shift = (at | 0) - (from | 0) | 0
  for (let i = from | 0; i < end; i++) {
    const value = column[i]
    if (${condition}) return i
    target[i + shift | 0] = value
  }
  return end
}`
  const text = `return {
ints: ${loop("typeof value !== 'number' || (value | 0) !== value || value === 0 && 1 / value < 0")},
floats: ${loop("typeof value !== 'number'")}
}`
  return generated<NumberLoops>([], [], text) ?? sharedNumberLoops
}
