import type { ByteWriter } from './byte-writer.ts'
import { DEPTH_MAX, isInt32, isLatin1, kindOf, Tag, typedArrayIndex } from './value-kinds.ts'

/** Thrown where a value cannot be encoded; the caller finds out where in the value that is. */
export class NotEncodable extends Error {}

/** Writes one value of any kind. */
export function writeValue(writer: ByteWriter, value: unknown, depth = 0): void {
  switch (typeof value) {
    case 'undefined':
      writer.u8(Tag.undefined)
      break
    case 'boolean':
      writer.u8(value ? Tag.true : Tag.false)
      break
    case 'number':
      writeNumber(writer, value)
      break
    case 'string':
      writeText(writer, value)
      break
    case 'bigint':
      writeBigint(writer, value)
      break
    case 'object':
      if (value === null) writer.u8(Tag.null)
      else if (depth >= DEPTH_MAX) throw new NotEncodable()
      else writeObject(writer, value, depth + 1)
      break
    default:
      throw new NotEncodable()
  }
}

function writeNumber(writer: ByteWriter, value: number): void {
  if (isInt32(value)) {
    writer.u8(Tag.int)
    writer.varUint(((value << 1) ^ (value >> 31)) >>> 0)
  } else {
    writer.u8(Tag.float)
    writer.float64(value)
  }
}

function writeText(writer: ByteWriter, value: string): void {
  const start = writer.length
  writer.u8(Tag.latin1)
  writer.varUint(value.length)
  if (writer.shortLatin1(value)) return
  writer.truncate(start)
  const latin1 = isLatin1(value)
  writer.u8(latin1 ? Tag.latin1 : Tag.utf16)
  writer.varUint(value.length)
  writer.text(value, latin1 ? 'latin1' : 'utf16le')
}

function writeBigint(writer: ByteWriter, value: bigint): void {
  writer.u8(Tag.bigint)
  writer.u8(value < 0n ? 1 : 0)
  const hex = (value < 0n ? -value : value).toString(16)
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex')
  writer.varUint(bytes.length)
  writer.copy(bytes)
}

function writeObject(writer: ByteWriter, value: object, depth: number): void {
  switch (kindOf(value)) {
    case 'array':
      writeArray(writer, value as unknown[], depth)
      break
    case 'object':
      writeProperties(writer, Tag.object, value as Record<string, unknown>, depth)
      break
    case 'bareObject':
      writeProperties(writer, Tag.bareObject, value as Record<string, unknown>, depth)
      break
    case 'map':
      writeMap(writer, value as Map<unknown, unknown>, depth)
      break
    case 'set':
      writeSet(writer, value as Set<unknown>, depth)
      break
    case 'date':
      writer.u8(Tag.date)
      writer.float64((value as Date).getTime())
      break
    case 'arrayBuffer':
      writer.u8(Tag.arrayBuffer)
      writeBytes(writer, new Uint8Array(value as ArrayBuffer))
      break
    case 'typedArray':
      writeTypedArray(writer, value as ArrayBufferView)
      break
    default:
      throw new NotEncodable()
  }
}

function writeArray(writer: ByteWriter, array: readonly unknown[], depth: number): void {
  writer.u8(Tag.array)
  writer.varUint(array.length)
  for (let i = 0; i < array.length; i++) {
    const element = array[i]
    if (element === undefined && !(i in array)) writer.u8(Tag.hole)
    else writeValue(writer, element, depth)
  }
}

function writeProperties(writer: ByteWriter, tag: number, object: Record<string, unknown>, depth: number): void {
  const names = Object.keys(object)
  writer.u8(tag)
  writer.varUint(names.length)
  for (const name of names) {
    writeText(writer, name)
    writeValue(writer, object[name], depth)
  }
}

function writeMap(writer: ByteWriter, map: ReadonlyMap<unknown, unknown>, depth: number): void {
  writer.u8(Tag.map)
  writer.varUint(map.size)
  for (const [key, value] of map) {
    writeValue(writer, key, depth)
    writeValue(writer, value, depth)
  }
}

function writeSet(writer: ByteWriter, set: ReadonlySet<unknown>, depth: number): void {
  writer.u8(Tag.set)
  writer.varUint(set.size)
  for (const value of set) writeValue(writer, value, depth)
}

function writeTypedArray(writer: ByteWriter, view: ArrayBufferView): void {
  writer.u8(Tag.typedArray)
  writer.u8(typedArrayIndex(view))
  writeBytes(writer, new Uint8Array(view.buffer, view.byteOffset, view.byteLength))
}

function writeBytes(writer: ByteWriter, bytes: Uint8Array): void {
  writer.varUint(bytes.length)
  writer.copy(bytes)
}
