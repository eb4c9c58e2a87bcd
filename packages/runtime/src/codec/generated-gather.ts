import type { ByteWriter } from './byte-writer.ts'
import { PROPERTIES_MAX } from './column-kinds.ts'
import { generated, listed } from './generated-code.ts'
import { slotExpression, TextDictionary } from './text-dictionary.ts'

/**
 * Of kind `any` is what gets a column of a layout that suits it. Texts are looked up in a dictionary while they are gathered, or
 * are like `any` at times when that does not pay. The others are written at once.
 */
export type PropertyKind = 'int' | 'float' | 'boolean' | 'text' | 'any'

const NO_INDEXES = new Uint16Array(0)
const NO_DICTIONARY = new TextDictionary()

/** Where the properties go, by property. */
export class GatherTarget {
  /** For numbers and booleans, which go to the places in its memory. */
  writer: ByteWriter | undefined = undefined
  readonly places: number[]
  /** For all others. */
  readonly arrays: unknown[][]
  /** Whether a text goes to `indexes`, as its index in a dictionary that gets at most `most` texts, and not to `arrays`. */
  readonly indexed: boolean[]
  readonly indexes: Uint16Array[]
  readonly dictionaries: TextDictionary[]
  most = 0
  /** Texts that the property may be the same as in each row, beginning at `keysFrom`; afterwards `undefined` if it is not. */
  readonly keys: (ArrayLike<unknown> | undefined)[]
  keysFrom = 0

  constructor(properties: number) {
    const each = <T>(make: () => T) => Array.from({ length: properties }, make)
    this.places = each(() => 0)
    this.arrays = each(() => [])
    this.indexed = each(() => false)
    this.indexes = each(() => NO_INDEXES)
    this.dictionaries = each(() => NO_DICTIONARY)
    this.keys = each(() => undefined)
  }
}

/**
 * Gathers the properties of `values[from]` and of those that follow. Returns `count`; or the row of an object that has other
 * properties; or, below zero, -1 less the index of a property of another kind, or `NOT_INDEXED` less that of a text that the
 * dictionary does not take.
 */
export type Gather = (values: ArrayLike<unknown>, from: number, count: number, target: GatherTarget) => number

export const NOT_INDEXED = -1 - PROPERTIES_MAX

/**
 * Property names are constants of the generated function, so that V8 reads each at a known place of the object, and that walking
 * over the names takes a comparison of two addresses for each.
 */
export function generateGather(names: readonly string[], kinds: readonly PropertyKind[]): Gather | undefined {
  // A process may be told to have no `__proto__`; asking for the prototype in another way takes longer.
  if (Object.getOwnPropertyDescriptor(Object.prototype, '__proto__')?.get?.call({}) !== Object.prototype) return undefined
  const { length } = names
  const lines = (make: (property: number, kind: PropertyKind) => string) => kinds.map((kind, property) => make(property, kind)).join('\n')
  const text = `const ${listed(length, (i) => `n${i} = p${i}`)}
const plain = prototype
return (values, from, count, target) => {
  const { bytes, ints, floats } = target.writer
  const { most, keysFrom } = target
  ${lines(variablesOf)}
  for (let i = 0; i < count; i++) {
    const o = values[from + i]
    if (o === null || o === undefined || o.__proto__ !== plain) return i
    let found = 0
    for (const name in o) {
      switch (found++) {
        ${listed(length, (i) => `case ${i}: if (name === n${i}) continue; return i`, '\n')}
        default: return i
      }
    }
    if (found !== ${length}) return i
    const ${listed(length, (i) => `v${i} = o[n${i}]`)}
    ${lines(checkOf)}
    ${lines(storeOf)}
  }
  ${lines((i, kind) => (kind === 'text' ? `target.keys[${i}] = k${i}` : ''))}
  return count
}`
  return generated<Gather>(['prototype', ...names.map((_, i) => `p${i}`)], [Object.prototype, ...names], text)
}

function variablesOf(i: number, kind: PropertyKind): string {
  if (kind === 'any') return `const c${i} = target.arrays[${i}]`
  if (kind !== 'text') return `const a${i} = target.places[${i}] | 0`
  return `let k${i} = target.keys[${i}]
const t${i} = target.indexed[${i}], c${i} = target.arrays[${i}], x${i} = target.indexes[${i}], d${i} = target.dictionaries[${i}]
const s${i} = d${i}.texts, y${i} = d${i}.slots`
}

function checkOf(i: number, kind: PropertyKind): string {
  const otherwise = `return ${-1 - i}`
  switch (kind) {
    case 'int':
      return `if (typeof v${i} !== 'number' || (v${i} | 0) !== v${i} || v${i} === 0 && 1 / v${i} < 0) ${otherwise}`
    case 'float':
      return `if (typeof v${i} !== 'number') ${otherwise}`
    case 'boolean':
      return `if (typeof v${i} !== 'boolean') ${otherwise}`
    case 'text':
      return `if (typeof v${i} !== 'string') ${otherwise}`
    default:
      return ''
  }
}

function storeOf(i: number, kind: PropertyKind): string {
  switch (kind) {
    case 'int':
      return `ints[a${i} + i] = v${i}`
    case 'float':
      return `floats[a${i} + i] = v${i}`
    case 'boolean':
      return `bytes[a${i} + i] = v${i} ? 1 : 0`
    case 'text':
      // Of texts that are one object, Object.is needs no look at what they are.
      return `if (k${i} !== undefined && !Object.is(k${i}[keysFrom + i], v${i})) k${i} = undefined
if (t${i}) {
  const l = v${i}.length
  let x = 0
  if (l > 2) {
    const h = ${slotExpression(`v${i}`, 'l')}
    x = y${i}[h]
    if (s${i}[x] !== v${i}) x = d${i}.place(v${i}, h, most)
  } else x = d${i}.placeShort(v${i}, most)
  if (x === 0) return ${NOT_INDEXED - i}
  x${i}[i] = x - 1
} else c${i}[i] = v${i}`
    default:
      return `c${i}[i] = v${i}`
  }
}
