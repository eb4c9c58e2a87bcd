import { MalstromError } from './error.ts'

export type PrimitiveKey = string | number | bigint | boolean

/**
 * What records are grouped by: a primitive, or a tuple of primitives compared by value. Other
 * objects are no keys, because JavaScript compares them by reference.
 */
export type Key = PrimitiveKey | readonly PrimitiveKey[]

/** Literal key types become their primitive type; tuples stay tuples. */
export type Widen<K> = K extends string
  ? string
  : K extends number
    ? number
    : K extends bigint
      ? bigint
      : K extends boolean
        ? boolean
        : K extends readonly unknown[]
          ? { readonly [I in keyof K]: Widen<K[I]> }
          : K

/** Throws `ERR_KEY_INVALID` unless `key` is a primitive that equals itself, or a tuple of those. */
export function checkKey(key: unknown): asserts key is Key {
  if (isPrimitiveKey(key)) return
  // Not `every`, which skips the holes of a sparse array.
  if (Array.isArray(key) && key.findIndex(isNoPrimitiveKey) === -1) return
  throw new MalstromError(
    'ERR_KEY_INVALID',
    `${describe(key).replace(/^a/, 'A')} is not a key. A key is a string, a number other than NaN, a bigint, a boolean, or a tuple of those; return one of the value's fields instead.`,
  )
}

/** Whether two keys are the same key: tuples element by element, everything else as `Map` does. */
export function sameKey(a: Key, b: Key): boolean {
  if (typeof a !== 'object' || typeof b !== 'object') return a === b
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

function isPrimitiveKey(key: unknown): key is PrimitiveKey {
  switch (typeof key) {
    case 'string':
    case 'bigint':
    case 'boolean':
      return true
    case 'number':
      return !Number.isNaN(key)
    default:
      return false
  }
}

function isNoPrimitiveKey(key: unknown): boolean {
  return !isPrimitiveKey(key)
}

function describe(key: unknown): string {
  if (Array.isArray(key)) {
    const wrong: unknown = key.find(isNoPrimitiveKey)
    return `a tuple with ${Array.isArray(wrong) ? 'a tuple' : describe(wrong)}`
  }
  if (key === null || key === undefined || typeof key === 'number') return String(key)
  return typeof key === 'object' ? `an object (${key.constructor?.name ?? 'no prototype'})` : `a ${typeof key}`
}
