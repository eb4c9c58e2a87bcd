import type { ByteWriter } from './byte-writer.ts'
import { Layout, PROPERTIES_MAX } from './column-kinds.ts'
import { GENERAL_ROWS_MAX } from './generated-code.ts'
import { type Gather, GatherTarget, generateGather, NOT_INDEXED, type PropertyKind } from './generated-gather.ts'
import { dictionaryFor, emptied, type TextMemory, textsMost, writeIndexed } from './text-columns.ts'
import type { TextDictionary } from './text-dictionary.ts'
import { isInt32 } from './value-kinds.ts'

/** Objects with certain properties in a certain order, and how to take them apart. */
export class ObjectShape {
  readonly names: readonly string[]
  /** The names and the order of their columns as they are written; filled by who writes them first. */
  encodedNames: Uint8Array | undefined
  /** By property, in the order of the names. */
  readonly kinds: PropertyKind[]
  readonly #target: GatherTarget
  readonly #memories: TextMemory[] = []
  /** Whether the dictionary of a text was empty before these rows. */
  readonly #isNew: boolean[] = []
  readonly #mayGenerate: boolean
  #gather: Gather
  #generalRows = 0
  #widenings = 0

  constructor(names: readonly string[], mayGenerate: boolean) {
    this.names = names
    this.kinds = names.map(() => 'any')
    this.#target = new GatherTarget(names.length)
    this.#mayGenerate = mayGenerate && names.every(isOrdinaryName)
    this.#gather = generalGather(names)
  }

  /** Properties in the order in which their columns are written: those that are written at once come first. */
  get order(): number[] {
    const all = [...this.kinds.keys()]
    return [...all.filter((p) => !this.isLater(p)), ...all.filter((p) => this.isLater(p))]
  }

  /** Whether the column of a property is written after objects have been gathered. */
  isLater(property: number): boolean {
    const kind = this.kinds[property]
    return kind === 'any' || kind === 'text'
  }

  /** Whether an object has these properties in this order. */
  fits(names: readonly string[]): boolean {
    if (names.length !== this.names.length) return false
    for (let i = 0; i < names.length; i++) if (names[i] !== this.names[i]) return false
    return true
  }

  /** Before objects of this shape are gathered, of which `first` is one. */
  expect(first: object, count: number): void {
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

  /**
   * Writes the columns of numbers and booleans, and keeps what is written later. `keys`, from `keysFrom` on, are the keys of these
   * objects, if they are texts. Returns what `Gather` does, but never `NOT_INDEXED`.
   */
  gather(
    writer: ByteWriter,
    values: ArrayLike<unknown>,
    from: number,
    count: number,
    memory: { inner(property: number): TextMemory },
    keys: ArrayLike<unknown> | undefined,
    keysFrom: number,
  ): number {
    const target = this.#target
    target.writer = writer
    target.most = textsMost(count)
    target.keysFrom = keysFrom
    const first = values[from] as Record<string, unknown>
    for (let p = 0; p < this.kinds.length; p++) {
      const kind = this.kinds[p] as PropertyKind
      if (kind === 'text') {
        target.keys[p] = keys !== undefined && keys[keysFrom] === first[this.names[p] as string] ? keys : undefined
        this.#memories[p] = memory.inner(p)
        this.#chooseDictionary(p, count)
      } else if (kind === 'any') this.#fitArray(p, count)
      else target.places[p] = placeOf(writer, kind, count)
    }
    for (;;) {
      const done = this.#gather(values, from, count, target)
      if (done > NOT_INDEXED) return done
      const property = NOT_INDEXED - done
      emptied(this.#memories[property] as TextMemory, this.#isNew[property] as boolean)
      this.#chooseDictionary(property, count)
    }
  }

  /** Writes the column of a property by the dictionary in which it was looked up. `false`: it was not. */
  writeIndexed(writer: ByteWriter, property: number, count: number): boolean {
    const { indexed, indexes, dictionaries } = this.#target
    if (this.kinds[property] !== 'text' || indexed[property] !== true) return false
    writeIndexed(writer, indexes[property] as Uint16Array, count, dictionaries[property] as TextDictionary)
    return true
  }

  /** The values of a property that were gathered last, if they are written later and not by a dictionary. */
  valuesOf(property: number): readonly unknown[] {
    return this.#target.arrays[property] as unknown[]
  }

  /**
   * The property that is the text of `keys` in each row that was gathered last, and with these keys, from `from` on and before
   * `to`; -1 if there is none.
   */
  propertyOf(keys: ArrayLike<unknown>, from: number, to: number): number {
    const first = keys[from]
    if (typeof first !== 'string') return -1
    for (let p = 0; p < this.kinds.length; p++) {
      const kind = this.kinds[p]
      if (kind === 'text' && this.#target.keys[p] !== undefined) return p
      const values = this.valuesOf(p)
      if (kind === 'any' && values[0] === first && areSame(values, keys, from, to)) return p
    }
    return -1
  }

  #chooseDictionary(property: number, count: number): void {
    const target = this.#target
    const dictionary = dictionaryFor(this.#memories[property] as TextMemory, count)
    target.indexed[property] = dictionary !== undefined
    this.#isNew[property] = dictionary?.size === 0
    this.#fitArray(property, dictionary === undefined ? count : 0)
    if (dictionary === undefined) return
    target.dictionaries[property] = dictionary
    const { length } = target.indexes[property] as Uint16Array
    if (length < count || length > KEPT_ROWS_MAX) target.indexes[property] = new Uint16Array(Math.max(count, FRAME_ROWS))
  }

  #generate(): void {
    const gather = generateGather(this.names, this.kinds)
    if (gather === undefined) this.kinds.fill('any')
    this.#gather = gather ?? generalGather(this.names)
    this.encodedNames = undefined
  }

  /** An array that was made for many rows must not keep what was in them for ever. */
  #fitArray(property: number, count: number): void {
    const array = this.#target.arrays[property] as unknown[]
    if (count === 0 || array.length > KEPT_ROWS_MAX) array.length = 0
    while (array.length < count) array.push(undefined)
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

/** Rows for which memory is made at least. */
const FRAME_ROWS = 1_024

/** Functions that are generated anew for a shape because a property turns out to be of another kind. */
const WIDENINGS_MAX = 8

/** Rows for which memory is kept. */
const KEPT_ROWS_MAX = 8_192

function kindOfProperty(value: unknown): PropertyKind {
  if (typeof value === 'boolean') return 'boolean'
  if (typeof value === 'string') return 'text'
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
