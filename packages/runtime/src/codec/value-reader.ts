import { type ByteReader, corrupt } from './byte-reader.ts'
import { DEPTH_MAX, Tag, typedArrays } from './value-kinds.ts'

/** Reads one value of any kind. */
export function readValue(reader: ByteReader, depth = 0): unknown {
  return readTagged(reader, reader.u8(), depth)
}

function readTagged(reader: ByteReader, tag: number, depth: number): unknown {
  if (depth > DEPTH_MAX) throw corrupt(`values are nested more than ${DEPTH_MAX} deep`)
  switch (tag) {
    case Tag.undefined:
      return undefined
    case Tag.null:
      return null
    case Tag.false:
      return false
    case Tag.true:
      return true
    case Tag.int: {
      const bits = reader.varUint()
      return (bits >>> 1) ^ -(bits & 1)
    }
    case Tag.float:
      return reader.float64()
    case Tag.latin1:
      return reader.text(reader.count(1), 'latin1')
    case Tag.utf16:
      return reader.text(reader.count(2), 'utf16le')
    case Tag.bigint:
      return readBigint(reader)
    case Tag.date:
      return new Date(reader.float64())
    case Tag.array:
      return readArray(reader, depth + 1)
    case Tag.object:
      return readProperties(reader, {}, depth + 1)
    case Tag.bareObject:
      return readProperties(reader, Object.create(null), depth + 1)
    case Tag.map:
      return readMap(reader, depth + 1)
    case Tag.set:
      return readSet(reader, depth + 1)
    case Tag.arrayBuffer:
      return reader.copy(reader.count(1))
    case Tag.typedArray:
      return readTypedArray(reader)
    default:
      throw corrupt(`there is no kind of value ${tag}`)
  }
}

function readBigint(reader: ByteReader): bigint {
  const negative = reader.u8() === 1
  const length = reader.count(1)
  const at = reader.take(length)
  const hex = reader.bytes.toString('hex', at, at + length)
  const size = hex === '' ? 0n : BigInt(`0x${hex}`)
  return negative ? -size : size
}

function readArray(reader: ByteReader, depth: number): unknown[] {
  const length = reader.count(1)
  const array: unknown[] = []
  for (let i = 0; i < length; i++) {
    const tag = reader.u8()
    if (tag === Tag.hole) array.length = i + 1
    else array[i] = readTagged(reader, tag, depth)
  }
  return array
}

function readProperties(reader: ByteReader, object: Record<string, unknown>, depth: number): Record<string, unknown> {
  const count = reader.count(2)
  for (let i = 0; i < count; i++) {
    const tag = reader.u8()
    const name = tag === Tag.latin1 ? reader.name(reader.count(1)) : readTagged(reader, tag, depth)
    if (typeof name !== 'string') throw corrupt('the name of a property is no text')
    setProperty(object, name, readValue(reader, depth))
  }
  return object
}

/** Assigning to `__proto__` would set the prototype. */
export function setProperty(object: Record<string, unknown>, name: string, value: unknown): void {
  if (name === '__proto__') Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true })
  else object[name] = value
}

function readMap(reader: ByteReader, depth: number): Map<unknown, unknown> {
  const size = reader.count(2)
  const map = new Map<unknown, unknown>()
  for (let i = 0; i < size; i++) {
    const key = readValue(reader, depth)
    map.set(key, readValue(reader, depth))
  }
  return map
}

function readSet(reader: ByteReader, depth: number): Set<unknown> {
  const size = reader.count(1)
  const set = new Set<unknown>()
  for (let i = 0; i < size; i++) set.add(readValue(reader, depth))
  return set
}

function readTypedArray(reader: ByteReader): ArrayBufferView {
  const index = reader.u8()
  const type = typedArrays[index]
  if (type === undefined) throw corrupt(`there is no typed array ${index}`)
  const bytes = reader.copy(reader.count(1))
  const elementBytes = 'BYTES_PER_ELEMENT' in type ? type.BYTES_PER_ELEMENT : 1
  if (bytes.byteLength % elementBytes !== 0) throw corrupt('a typed array ends within an element')
  return new (type as new (buffer: ArrayBuffer) => ArrayBufferView)(bytes)
}
