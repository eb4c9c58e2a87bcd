import type { Key } from '@malstrom/core'

/** Whether two keys are made of the same types: both strings, or tuples of a string and a number. */
export function isSameKind(a: Key, b: Key): boolean {
  if (typeof a !== 'object' || typeof b !== 'object') return typeof a === typeof b
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (typeof a[i] !== typeof b[i]) return false
  return true
}

/** What a key is made of, for people: `string`, or `[string, number]`. */
export function kindOf(key: Key): string {
  return typeof key === 'object' ? `[${key.map((part) => typeof part).join(', ')}]` : typeof key
}
