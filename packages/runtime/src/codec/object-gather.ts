import type { ByteWriter } from './byte-writer.ts'
import { Layout, PROPERTIES_MAX } from './column-kinds.ts'
import { GENERAL_ROWS_MAX, generated, listed } from './generated-code.ts'
import { isInt32 } from './value-kinds.ts'

/** Of kind `any` is what gets a column of a layout that suits it; the others are written at once. */
export type PropertyKind = 'int' | 'float' | 'boolean' | 'any'

/** Where the properties go: for kind `any` an array, for the others the place in the memory of `writer`. */
export interface GatherTarget {
  readonly writer: ByteWriter
  readonly arrays: readonly unknown[][]
  readonly places: readonly number[]
}

/**
 * Gathers the properties of `values[from]` and of those that follow. Returns `count`; or the row of an
 * object that has other properties; or, below zero, -1 less the index of a property of another kind.
 */
type Gather = (values: ArrayLike<unknown>, from: number, count: number, target: GatherTarget) => number

/** Objects with certain properties in a certain order, and how to take them apart. */
export class ObjectShape {
  readonly names: readonly string[]
  /** The names and the order of their columns as they are written; filled by who writes them first. */
  encodedNames: Uint8Array | undefined
  /** By property, in the order of the names. */
  readonly kinds: PropertyKind[]
  /** The values of the properties of kind `any`, by property. */
  readonly arrays: unknown[][]
  readonly #places: number[]
  readonly #mayGenerate: boolean
  #gather: Gather
  #generalRows = 0
  #widenings = 0

  constructor(names: readonly string[], mayGenerate: boolean) {
    this.names = names
    this.kinds = names.map(() => 'any')
    this.arrays = names.map(() => [])
    this.#places = names.map(() => 0)
    this.#mayGenerate = mayGenerate && names.every(isOrdinaryName)
    this.#gather = generalGather(names)
  }

  /** Properties in the order in which their columns are written: those that are written at once come first. */
  get order(): number[] {
    const all = [...this.kinds.keys()]
    return [...all.filter((p) => this.kinds[p] !== 'any'), ...all.filter((p) => this.kinds[p] === 'any')]
  }

  /** Whether an object has these properties in this order. */
  fits(names: readonly string[]): boolean {
    if (names.length !== this.names.length) return false
    for (let i = 0; i < names.length; i++) if (names[i] !== this.names[i]) return false
    return true
  }

  /** Before objects of this shape are gathered, of which `first` is one. */
  expect(first: object, count: number): void {
    for (let p = 0; p < this.arrays.length; p++) this.#fitArray(p, count)
    if (!this.#mayGenerate || this.#generalRows > GENERAL_ROWS_MAX) return
    this.#generalRows += count
    if (this.#generalRows <= GENERAL_ROWS_MAX) return
    for (const [p, name] of this.names.entries()) this.kinds[p] = kindOfProperty((first as Record<string, unknown>)[name])
    this.#generate()
  }

  /** What comes next is not of this kind. */
  widen(property: number): void {
    this.kinds[property] = this.kinds[property] === 'int' ? 'float' : 'any'
    if (++this.#widenings > WIDENINGS_MAX) this.kinds.fill('any')
    this.#generate()
  }

  /** Writes the columns that need no `any`, and fills `arrays` for the others. Returns what `Gather` does. */
  gather(writer: ByteWriter, values: ArrayLike<unknown>, from: number, count: number): number {
    for (let p = 0; p < this.kinds.length; p++) this.#places[p] = placeOf(writer, this.kinds[p] as PropertyKind, count)
    return this.#gather(values, from, count, { writer, arrays: this.arrays, places: this.#places })
  }

  /**
   * The property that is the text of `column` in each row that was gathered last, from `from` on and
   * before `to`; -1 if there is none.
   */
  propertyOf(column: ArrayLike<unknown>, from: number, to: number): number {
    const first = column[from]
    if (typeof first !== 'string') return -1
    for (let p = 0; p < this.arrays.length; p++) {
      const values = this.arrays[p] as unknown[]
      if (values[0] === first && this.kinds[p] === 'any' && areSame(values, column, from, to)) return p
    }
    return -1
  }

  #generate(): void {
    const gather = generateGather(this.names, this.kinds)
    if (gather === undefined) this.kinds.fill('any')
    this.#gather = gather ?? generalGather(this.names)
    this.encodedNames = undefined
  }

  /** An array that was made for many rows must not keep what was in them for ever. */
  #fitArray(property: number, count: number): void {
    const array = this.arrays[property] as unknown[]
    if (this.kinds[property] !== 'any' || array.length > KEPT_ROWS_MAX) array.length = 0
    else while (array.length < count) array.push(undefined)
  }
}

/** Whether the texts of two columns are the same, whose rows begin at 0 and at `from`. */
function areSame(texts: readonly unknown[], column: ArrayLike<unknown>, from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    const text = column[i]
    if (typeof text !== 'string' || texts[i - from] !== text) return false
  }
  return true
}

/** Functions that are generated anew for a shape because a property turns out to be of another kind. */
const WIDENINGS_MAX = 8

/** Rows for which memory is kept. */
const KEPT_ROWS_MAX = 8_192

function kindOfProperty(value: unknown): PropertyKind {
  if (typeof value === 'boolean') return 'boolean'
  if (typeof value !== 'number') return 'any'
  return isInt32(value) ? 'int' : 'float'
}

/** Writes the header of a column, and returns where its values go. */
function placeOf(writer: ByteWriter, kind: PropertyKind, count: number): number {
  switch (kind) {
    case 'int':
      writer.header(Layout.int32, 0, 0)
      return writer.room(count * 4) >> 2
    case 'float':
      writer.header(Layout.float64, 0, 0)
      return writer.room(count * 8) >> 3
    case 'boolean':
      writer.header(Layout.boolean, 0, 0)
      return writer.room(count)
    default:
      return 0
  }
}

/** Names that objects keep in the order in which they were added, and that no prototype knows. */
export function isOrdinaryName(name: string): boolean {
  return !(name in Object.prototype) && !/^\d+$/.test(name)
}

/** Whether a shape is worth columns; the names are those of its first object. */
export function hasColumns(names: readonly string[]): boolean {
  return names.length > 0 && names.length <= PROPERTIES_MAX
}

function generalGather(names: readonly string[]): Gather {
  const { length } = names
  return (values, from, count, { arrays }) => {
    for (let i = 0; i < count; i++) {
      const value = values[from + i] as Record<string, unknown> | null
      if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return i
      let found = 0
      // The one way to walk over the properties that makes no list of them first.
      for (const name in value) {
        if (found === length || name !== names[found]) return i
        ;(arrays[found] as unknown[])[i] = value[name]
        found++
      }
      if (found !== length) return i
    }
    return count
  }
}

/** Property names are constants of the generated function, so that V8 reads each at a known place of the object. */
function generateGather(names: readonly string[], kinds: readonly PropertyKind[]): Gather | undefined {
  // A process may be told to have no `__proto__`; asking for the prototype in another way takes longer.
  if (Object.getOwnPropertyDescriptor(Object.prototype, '__proto__')?.get?.call({}) !== Object.prototype) return undefined
  const { length } = names
  const checks = kinds.map((kind, i) => {
    const otherwise = `return ${-1 - i}\n`
    if (kind === 'int') return `if (typeof v${i} !== 'number' || (v${i} | 0) !== v${i} || v${i} === 0 && 1 / v${i} < 0) ${otherwise}`
    if (kind === 'float') return `if (typeof v${i} !== 'number') ${otherwise}`
    return kind === 'boolean' ? `if (typeof v${i} !== 'boolean') ${otherwise}` : ''
  })
  const stores = kinds.map((kind, i) => {
    if (kind === 'int') return `ints[a${i} + i] = v${i}`
    if (kind === 'float') return `floats[a${i} + i] = v${i}`
    return kind === 'boolean' ? `bytes[a${i} + i] = v${i} ? 1 : 0` : `c${i}[i] = v${i}`
  })
  const text = `const ${listed(length, (i) => `n${i} = p${i}`)}
const plain = prototype
const names = [${listed(length, (i) => `n${i}`)}, undefined]
return (values, from, count, target) => {
  const { bytes, ints, floats } = target.writer
  const ${listed(length, (i) => (kinds[i] === 'any' ? `c${i} = target.arrays[${i}]` : `a${i} = target.places[${i}] | 0`))}
  for (let i = 0; i < count; i++) {
    const o = values[from + i]
    if (o === null || o === undefined || o.__proto__ !== plain) return i
    let found = 0
    for (const name in o) if (name !== names[found++]) return i
    if (found !== ${length}) return i
    const ${listed(length, (i) => `v${i} = o[n${i}]`)}
    ${checks.join('')}${stores.join('\n')}
  }
  return count
}`
  return generated<Gather>(['prototype', ...names.map((_, i) => `p${i}`)], [Object.prototype, ...names], text)
}
