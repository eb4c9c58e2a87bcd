import { corrupt } from './byte-reader.ts'
import { floatsOf, intsOf, packedArray } from './packed-array.ts'

/** The memory of a reader, in which columns lie. */
export interface ColumnSource {
  readonly bytes: Uint8Array
  readonly shorts: Uint16Array
  readonly ints: Int32Array
  readonly floats: Float64Array
}

/**
 * A column that was read: all its values, or where they lie in the memory of the reader, in units of
 * the array in question. With an index, `values` are the ones that differ.
 */
export interface ColumnContent {
  readonly kind: 'int' | 'float' | 'boolean' | 'index' | 'wide index' | 'values'
  readonly at: number
  readonly values: readonly unknown[]
}

/** The values of a column: numbers as a view of the memory that was read. */
export type ColumnView = readonly unknown[] | Int32Array | Float64Array

export function viewOf(source: ColumnSource, content: ColumnContent, count: number): ColumnView {
  const { kind, at } = content
  if (kind === 'int') return new Int32Array(source.ints.buffer, at * 4, count)
  if (kind === 'float') return new Float64Array(source.floats.buffer, at * 8, count)
  return valuesOf(source, content, count)
}

/** The values of a column as an ordinary array. */
export function valuesOf(source: ColumnSource, { kind, at, values }: ColumnContent, count: number): unknown[] {
  switch (kind) {
    case 'values':
      return values as unknown[]
    case 'int':
      return intsOf(source.ints, at, count)
    case 'float':
      return floatsOf(source.floats, at, count)
    case 'boolean':
      return booleansOf(source.bytes, at, count)
    case 'index':
      return textsOf(source.bytes, at, values, count)
    default:
      return textsOf(source.shorts, at, values, count)
  }
}

function booleansOf(source: Uint8Array, at: number, count: number): unknown[] {
  const array = packedArray(count)
  for (let i = 0; i < count; i++) array[i] = source[at + i] === 1
  return array
}

function textsOf(source: Uint8Array | Uint16Array, at: number, values: readonly unknown[], count: number): unknown[] {
  const array = packedArray(count)
  for (let i = 0; i < count; i++) {
    const index = source[at + i] as number
    if (index >= values.length) throw outsideDictionary(index)
    array[i] = values[index]
  }
  return array
}

export function outsideDictionary(index: number): Error {
  return corrupt(`there is no text ${index} in a dictionary`)
}
