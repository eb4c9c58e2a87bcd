import { type ByteReader, corrupt } from './byte-reader.ts'
import { COLUMN_DEPTH_MAX, Layout, PROPERTIES_MAX, ROWS_MAX } from './column-kinds.ts'
import { readValue, setProperty } from './value-reader.ts'

/** Reads the `count` values of a column. */
export function readColumn(reader: ByteReader, count: number, depth = 0): unknown[] {
  if (count === 0) return []
  if (depth > COLUMN_DEPTH_MAX + 1) throw corrupt('columns are nested too deep')
  const layout = reader.u8()
  switch (layout) {
    case Layout.mixed:
      return readMixed(reader, count)
    case Layout.undefined:
      reader.view(Math.ceil(count / 8))
      return new Array(count).fill(undefined)
    case Layout.int32:
      return numbersOf(new Int32Array(reader.copy(count * 4)))
    case Layout.float64:
      return numbersOf(new Float64Array(reader.copy(count * 8)))
    case Layout.boolean:
      return Array.from(reader.view(count), (byte) => byte === 1)
    case Layout.latin1:
      return readTexts(reader, count, 'latin1')
    case Layout.utf16:
      return readTexts(reader, count, 'utf16le')
    case Layout.objects:
      return readObjects(reader, count, depth)
    case Layout.arrays:
      return readArrays(reader, count, depth)
    default:
      throw corrupt(`there is no layout ${layout}`)
  }
}

/** `Array.from` goes through an iterator, which takes ten times as long. */
function numbersOf(numbers: Int32Array | Float64Array): number[] {
  const array: number[] = []
  for (let i = 0; i < numbers.length; i++) array.push(numbers[i] as number)
  return array
}

function readMixed(reader: ByteReader, count: number): unknown[] {
  if (count > reader.left) throw corrupt(`${count} values are announced and ${reader.left} bytes left`)
  const values: unknown[] = []
  for (let i = 0; i < count; i++) values.push(readValue(reader))
  return values
}

function readTexts(reader: ByteReader, count: number, encoding: 'latin1' | 'utf16le'): string[] {
  const { lengths, total } = readLengths(reader, count)
  const all = reader.text(total, encoding)
  const texts: string[] = []
  let start = 0
  for (const length of lengths) {
    texts.push(all.slice(start, start + length))
    start += length
  }
  return texts
}

function readLengths(reader: ByteReader, count: number): { lengths: number[]; total: number } {
  if (count > reader.left) throw corrupt(`${count} lengths are announced and ${reader.left} bytes left`)
  const lengths: number[] = []
  let total = 0
  for (let i = 0; i < count; i++) {
    const length = reader.varUint()
    lengths.push(length)
    total += length
  }
  return { lengths, total }
}

function readObjects(reader: ByteReader, count: number, depth: number): unknown[] {
  const size = reader.varUint()
  if (size === 0 || size > PROPERTIES_MAX) throw corrupt(`objects with ${size} properties are not written as columns`)
  const names: string[] = []
  for (let i = 0; i < size; i++) {
    const name = readValue(reader)
    if (typeof name !== 'string' || names.includes(name)) throw corrupt('the names of properties are not different texts')
    names.push(name)
  }
  const columns = names.map(() => readColumn(reader, count, depth + 1))
  // Copies of one object have its shape from the start, so that no property changes it.
  const template: Record<string, unknown> = {}
  for (const name of names) setProperty(template, name, undefined)
  const objects: Record<string, unknown>[] = []
  for (let i = 0; i < count; i++) objects.push({ ...template })
  for (const [n, name] of names.entries()) fill(objects, name, columns[n] as unknown[])
  return objects
}

function fill(objects: readonly Record<string, unknown>[], name: string, column: readonly unknown[]): void {
  for (let i = 0; i < objects.length; i++) {
    const object = objects[i] as Record<string, unknown>
    if (name === '__proto__') setProperty(object, name, column[i])
    else object[name] = column[i]
  }
}

function readArrays(reader: ByteReader, count: number, depth: number): unknown[] {
  const { lengths, total } = readLengths(reader, count)
  if (total > ROWS_MAX) throw corrupt(`${total} elements of arrays are announced`)
  const elements = readColumn(reader, total, depth + 1)
  let start = 0
  return lengths.map((length) => {
    start += length
    return elements.slice(start - length, start)
  })
}
