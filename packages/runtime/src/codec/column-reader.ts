import { type ByteReader, corrupt } from './byte-reader.ts'
import { type ColumnContent, type ColumnView, valuesOf, viewOf } from './column-content.ts'
import {
  BLOCK_COLUMNS_MAX,
  BLOCK_FORMAT,
  COLUMN_DEPTH_MAX,
  Layout,
  PROPERTIES_MAX,
  ROWS_MAX,
  SHAPES_MAX,
  TUPLE_LENGTH_MAX,
} from './column-kinds.ts'
import { ObjectBuilder } from './object-builder.ts'
import { packedArray } from './packed-array.ts'
import { NARROW_TEXTS_MAX } from './text-dictionary.ts'
import { readLengths, readTexts } from './text-reader.ts'
import { readValue } from './value-reader.ts'

/** Shapes of objects that are remembered in one thread, by their names as they are written. */
const BUILDERS_MAX = 256

/** Names that are longer together are not remembered. */
const NAMES_BYTES_MAX = 4_096

/** Dictionaries of a frame that are remembered until the next: it often has the same. */
const DICTIONARIES_MAX = 16
const DICTIONARY_BYTES_MAX = 32_768

const builders = new Map<string, ObjectBuilder>()
const generalBuilders = new Map<string, ObjectBuilder>()

/** The columns of one block. */
export class BlockReader {
  readonly #reader: ByteReader
  readonly #mayGenerate: boolean
  /** Of the blocks so far, by their number within the block. */
  readonly #dictionaries: { readonly encoded: Uint8Array; readonly texts: readonly string[] }[] = []
  #dictionaryCount = 0
  /** The properties of the objects in the last column. */
  #properties: readonly ColumnContent[] = []

  constructor(reader: ByteReader, mayGenerate: boolean) {
    this.#reader = reader
    this.#mayGenerate = mayGenerate
  }

  /** What a block announces: columns, and rows in each. */
  start(): { size: number; count: number } {
    const reader = this.#reader
    this.#dictionaryCount = 0
    this.#properties = []
    const at = reader.header()
    const first = reader.ints[at] as number
    if ((first & 255) !== BLOCK_FORMAT) throw corrupt(`it begins with ${first & 255} and not with ${BLOCK_FORMAT}`)
    const size = first >>> 8
    const count = (reader.ints[at + 1] as number) >>> 0
    if (count > ROWS_MAX) throw corrupt(`a block announces ${count} rows`)
    if (size > BLOCK_COLUMNS_MAX || (count > 0 && size * 8 > reader.left)) throw corrupt(`a block announces ${size} columns`)
    return { size, count }
  }

  end(): void {
    this.#reader.pad()
    this.#reader.end()
  }

  /** The `count` values of the next column. */
  read(count: number, depth = 0): unknown[] {
    return count === 0 ? [] : valuesOf(this.#reader, this.#content(count, depth), count)
  }

  /** The `count` values of the next column; numbers stay where they lie. */
  view(count: number): ColumnView {
    return count === 0 ? [] : viewOf(this.#reader, this.#content(count, 0), count)
  }

  #content(count: number, depth: number): ColumnContent {
    if (depth > COLUMN_DEPTH_MAX + 1) throw corrupt('columns are nested too deep')
    const reader = this.#reader
    const at = reader.header()
    const first = reader.ints[at] as number
    const small = first >>> 8
    const large = (reader.ints[at + 1] as number) >>> 0
    const layout = first & 255
    switch (layout) {
      case Layout.mixed:
        return allOf(readMixed(reader, count))
      case Layout.undefined:
        reader.take((count + 7) >> 3)
        return allOf(packedArray(count))
      case Layout.int32:
        return { kind: 'int', at: reader.take(count * 4) >> 2, values: NONE }
      case Layout.float64:
        return { kind: 'float', at: reader.take(count * 8) >> 3, values: NONE }
      case Layout.boolean:
        return { kind: 'boolean', at: reader.take(count), values: NONE }
      case Layout.latin1:
        return allOf(readTexts(reader, count, small, large, 'latin1'))
      case Layout.utf16:
        return allOf(readTexts(reader, count, small, large, 'utf16le'))
      case Layout.objects:
        return allOf(this.#objects(count, small, large, depth))
      case Layout.arrays:
        return allOf(this.#arrays(count, small, large, depth))
      case Layout.dictionary:
        return this.#dictionary(count, small, large)
      case Layout.tuples:
        return allOf(this.#tuples(count, small, depth))
      case Layout.dates:
        return allOf(readDates(reader, count))
      case Layout.property:
        return (depth === 0 ? this.#properties[small] : undefined) ?? refuseProperty(small)
      case Layout.shapes:
        return allOf(this.#shapes(count, small, depth))
      default:
        throw corrupt(`there is no layout ${layout}`)
    }
  }

  #objects(count: number, size: number, namesBytes: number, depth: number): unknown[] {
    if (size === 0 || size > PROPERTIES_MAX) throw corrupt(`objects with ${size} properties are not written as columns`)
    const builder = this.#builder(size, namesBytes)
    const columns: ColumnContent[] = builder.columns()
    for (let c = 0; c < size; c++) columns[builder.order[c] as number] = this.#content(count, depth + 1)
    const objects = packedArray(count)
    builder.build(this.#reader, columns, objects)
    if (depth === 0) this.#properties = columns
    return objects
  }

  #shapes(count: number, size: number, depth: number): unknown[] {
    if (size < 2 || size > SHAPES_MAX) throw corrupt(`objects of ${size} shapes are not written as columns`)
    const { bytes } = this.#reader
    const at = this.#reader.take(count)
    const rows: number[] = new Array(size).fill(0)
    for (let i = at; i < at + count; i++) {
      const shape = bytes[i] as number
      if (shape >= size) throw corrupt(`there is no shape ${shape} in a column`)
      rows[shape] = (rows[shape] as number) + 1
    }
    const groups = rows.map((ofShape, shape) => {
      if (ofShape === 0) throw corrupt(`no row is of shape ${shape}`)
      return this.read(ofShape, depth + 1)
    })
    const next = rows.fill(0)
    const values = packedArray(count)
    for (let i = 0; i < count; i++) {
      const shape = bytes[at + i] as number
      const row = next[shape] as number
      values[i] = (groups[shape] as unknown[])[row]
      next[shape] = row + 1
    }
    return values
  }

  #builder(size: number, namesBytes: number): ObjectBuilder {
    const reader = this.#reader
    const encoded = reader.peek(namesBytes)
    const known = this.#mayGenerate ? builders : generalBuilders
    const builder = known.get(encoded)
    if (builder !== undefined && builder.names.length === size) {
      reader.take(namesBytes)
      return builder
    }
    const { names, order } = readNames(reader, size, namesBytes)
    const made = new ObjectBuilder(names, order, this.#mayGenerate)
    if (known.size >= BUILDERS_MAX) known.clear()
    if (namesBytes <= NAMES_BYTES_MAX) known.set(encoded, made)
    return made
  }

  #arrays(count: number, lengthBytes: number, total: number, depth: number): unknown[] {
    if (total > ROWS_MAX) throw corrupt(`${total} elements of arrays are announced`)
    const lengths = readLengths(this.#reader, count, lengthBytes, total).slice(0, count)
    const elements = this.read(total, depth + 1)
    const arrays = packedArray(count)
    let start = 0
    for (let i = 0; i < count; i++) {
      const end = start + (lengths[i] as number)
      arrays[i] = elements.slice(start, end)
      start = end
    }
    return arrays
  }

  #dictionary(count: number, size: number, textsBytes: number): ColumnContent {
    const reader = this.#reader
    const wide = size > NARROW_TEXTS_MAX
    const at = wide ? reader.take(count * 2) >> 1 : reader.take(count)
    const kind = wide ? 'wide index' : 'index'
    reader.pad()
    const number = this.#dictionaryCount++
    const known = this.#dictionaries[number]
    if (known !== undefined && known.texts.length === size && reader.skipIfEqual(known.encoded, textsBytes)) {
      return { kind, at, values: known.texts }
    }
    const encoded = number < DICTIONARIES_MAX && textsBytes <= DICTIONARY_BYTES_MAX ? reader.peekBytes(textsBytes) : undefined
    const end = reader.left - textsBytes
    const values = readTextColumn(reader, size)
    reader.pad()
    if (reader.left !== end) throw corrupt('a dictionary ends elsewhere')
    if (encoded !== undefined && number <= this.#dictionaries.length) this.#dictionaries[number] = { encoded, texts: values }
    return { kind, at, values }
  }

  #tuples(count: number, length: number, depth: number): unknown[] {
    if (length === 0 || length > TUPLE_LENGTH_MAX) throw corrupt(`tuples of ${length} elements are not written as columns`)
    const first = this.read(count, depth + 1)
    const tuples = packedArray(count)
    for (let i = 0; i < count; i++) tuples[i] = [first[i]]
    for (let j = 1; j < length; j++) {
      const column = this.read(count, depth + 1)
      for (let i = 0; i < count; i++) (tuples[i] as unknown[]).push(column[i])
    }
    return tuples
  }
}

function readNames(reader: ByteReader, size: number, byteLength: number): { names: string[]; order: number[] } {
  const end = reader.left - byteLength
  const names = readTextColumn(reader, size)
  const order = Array.from({ length: size }, () => reader.u8())
  reader.pad()
  if (reader.left !== end) throw corrupt('the names of properties end elsewhere')
  if (new Set(names).size !== size) throw corrupt('two properties have one name')
  if (new Set(order).size !== size || Math.max(...order) >= size) throw corrupt('two columns are of one property')
  return { names, order }
}

function refuseProperty(index: number): never {
  throw corrupt(`no column of objects with a property ${index} comes before`)
}

const NONE: readonly unknown[] = []

function allOf(values: readonly unknown[]): ColumnContent {
  return { kind: 'values', at: 0, values }
}

function readTextColumn(reader: ByteReader, count: number): string[] {
  const at = reader.header()
  const first = reader.ints[at] as number
  const layout = first & 255
  if (layout !== Layout.latin1 && layout !== Layout.utf16) throw corrupt('names or a dictionary are no texts')
  const total = (reader.ints[at + 1] as number) >>> 0
  return readTexts(reader, count, first >>> 8, total, layout === Layout.latin1 ? 'latin1' : 'utf16le') as string[]
}

function readMixed(reader: ByteReader, count: number): unknown[] {
  if (count > reader.left) throw corrupt(`${count} values are announced and ${reader.left} bytes left`)
  const values = packedArray(count)
  for (let i = 0; i < count; i++) values[i] = readValue(reader)
  return values
}

function readDates(reader: ByteReader, count: number): unknown[] {
  const at = reader.take(count * 8) >> 3
  const dates = packedArray(count)
  for (let i = 0; i < count; i++) dates[i] = new Date(reader.floats[at + i] as number)
  return dates
}
