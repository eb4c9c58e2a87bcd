import type { ByteWriter } from './byte-writer.ts'
import { COLUMN_DEPTH_MAX, Layout, PROPERTIES_MAX, ROWS_MAX } from './column-kinds.ts'
import { isInt32, isLatin1 } from './value-kinds.ts'
import { writeValue } from './value-writer.ts'

type Column = ArrayLike<unknown>

/** Writes `count` values in the layout that fits all of them. */
export function writeColumn(writer: ByteWriter, column: Column, count: number, depth = 0): void {
  if (count > 0 && !writeUniform(writer, column, count, depth)) writeMixed(writer, column, count)
}

function writeUniform(writer: ByteWriter, column: Column, count: number, depth: number): boolean {
  const first = column[0]
  switch (typeof first) {
    case 'undefined':
      return writeUndefined(writer, column, count)
    case 'number':
      return writeNumbers(writer, column, count)
    case 'boolean':
      return writeBooleans(writer, column, count)
    case 'string':
      return writeTexts(writer, column, count)
    case 'object':
      if (first === null || depth >= COLUMN_DEPTH_MAX) return false
      return Array.isArray(first) ? writeArrays(writer, column, count, depth) : writeObjects(writer, column, count, first, depth)
    default:
      return false
  }
}

function writeMixed(writer: ByteWriter, column: Column, count: number): void {
  writer.u8(Layout.mixed)
  for (let i = 0; i < count; i++) writeValue(writer, column[i])
}

/** One byte for eight rows, so that few bytes never announce many rows. */
function writeUndefined(writer: ByteWriter, column: Column, count: number): boolean {
  for (let i = 0; i < count; i++) if (column[i] !== undefined) return false
  writer.u8(Layout.undefined)
  writer.room(Math.ceil(count / 8)).fill(0)
  return true
}

function writeNumbers(writer: ByteWriter, column: Column, count: number): boolean {
  let whole = true
  for (let i = 0; i < count; i++) {
    const value = column[i]
    if (typeof value !== 'number') return false
    if (whole && !isInt32(value)) whole = false
  }
  writer.u8(whole ? Layout.int32 : Layout.float64)
  const room = writer.room(count * (whole ? 4 : 8))
  if (whole) {
    const ints = new Int32Array(count)
    for (let i = 0; i < count; i++) ints[i] = column[i] as number
    room.set(new Uint8Array(ints.buffer))
  } else {
    const floats = new Float64Array(count)
    for (let i = 0; i < count; i++) floats[i] = column[i] as number
    room.set(new Uint8Array(floats.buffer))
  }
  return true
}

function writeBooleans(writer: ByteWriter, column: Column, count: number): boolean {
  for (let i = 0; i < count; i++) if (typeof column[i] !== 'boolean') return false
  writer.u8(Layout.boolean)
  const room = writer.room(count)
  for (let i = 0; i < count; i++) room[i] = column[i] === true ? 1 : 0
  return true
}

function writeTexts(writer: ByteWriter, column: Column, count: number): boolean {
  const lengths = new Uint32Array(count)
  let all = ''
  for (let i = 0; i < count; i++) {
    const value = column[i]
    if (typeof value !== 'string') return false
    lengths[i] = value.length
    all += value
  }
  const latin1 = isLatin1(all)
  writer.u8(latin1 ? Layout.latin1 : Layout.utf16)
  writeLengths(writer, lengths)
  writer.text(all, latin1 ? 'latin1' : 'utf16le')
  return true
}

function writeLengths(writer: ByteWriter, lengths: Uint32Array): void {
  for (const length of lengths) writer.varUint(length)
}

function writeObjects(writer: ByteWriter, column: Column, count: number, first: object, depth: number): boolean {
  const names = Object.keys(first)
  if (names.length === 0 || names.length > PROPERTIES_MAX) return false
  const properties = propertiesOf(column, count, names)
  if (properties === undefined) return false
  writer.u8(Layout.objects)
  writer.varUint(names.length)
  for (const name of names) writeValue(writer, name)
  for (const values of properties) writeColumn(writer, values, count, depth + 1)
  return true
}

/** The values of each property, if all are plain objects with exactly these properties in this order. */
function propertiesOf(column: Column, count: number, names: readonly string[]): unknown[][] | undefined {
  const properties: unknown[][] = names.map(() => [])
  for (let i = 0; i < count; i++) {
    const value = column[i] as Record<string, unknown> | null
    if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return undefined
    let found = 0
    // The one way to walk over the properties that makes no list of them first.
    for (const name in value) {
      if (name !== names[found]) return undefined
      ;(properties[found] as unknown[]).push(value[name])
      found++
    }
    if (found !== names.length) return undefined
  }
  return properties
}

function writeArrays(writer: ByteWriter, column: Column, count: number, depth: number): boolean {
  const lengths = new Uint32Array(count)
  const elements: unknown[] = []
  for (let i = 0; i < count; i++) {
    const array = column[i]
    if (!Array.isArray(array) || Object.getPrototypeOf(array) !== Array.prototype) return false
    if (elements.length + array.length > ROWS_MAX) return false
    lengths[i] = array.length
    for (let j = 0; j < array.length; j++) {
      if (array[j] === undefined && !(j in array)) return false
      elements.push(array[j])
    }
  }
  writer.u8(Layout.arrays)
  writeLengths(writer, lengths)
  writeColumn(writer, elements, elements.length, depth + 1)
  return true
}
