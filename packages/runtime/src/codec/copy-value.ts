import { explained, findObstacle } from './obstacle.ts'
import { DEPTH_MAX, kindOf } from './value-kinds.ts'
import { setProperty } from './value-reader.ts'
import { NotEncodable } from './value-writer.ts'

/**
 * A deep copy that shares nothing with `value` that could change; of values that can be encoded.
 *
 * @throws MalstromError `ERR_VALUE_NOT_ENCODABLE`
 */
export function copyValue<T>(value: T): T {
  if (typeof value !== 'object' && typeof value !== 'function' && typeof value !== 'symbol') return value
  try {
    return copy(value, 0) as T
  } catch (error) {
    throw explained(error, () => findObstacle(value, 'value'))
  }
}

function copy(value: unknown, depth: number): unknown {
  if (typeof value === 'function' || typeof value === 'symbol') throw new NotEncodable()
  if (typeof value !== 'object' || value === null) return value
  if (depth >= DEPTH_MAX) throw new NotEncodable()
  switch (kindOf(value)) {
    case 'array':
      return copyArray(value as unknown[], depth + 1)
    case 'object':
      return copyProperties(value as Record<string, unknown>, {}, depth + 1)
    case 'bareObject':
      return copyProperties(value as Record<string, unknown>, Object.create(null), depth + 1)
    case 'map':
      return new Map(Array.from(value as Map<unknown, unknown>, ([key, entry]) => [copy(key, depth + 1), copy(entry, depth + 1)]))
    case 'set':
      return new Set(Array.from(value as Set<unknown>, (element) => copy(element, depth + 1)))
    case 'date':
      return new Date((value as Date).getTime())
    case 'arrayBuffer':
      return (value as ArrayBuffer).slice(0)
    case 'typedArray':
      return copyTypedArray(value as ArrayBufferView)
    default:
      throw new NotEncodable()
  }
}

function copyArray(array: readonly unknown[], depth: number): unknown[] {
  const copied: unknown[] = []
  copied.length = array.length
  for (let i = 0; i < array.length; i++) {
    const element = array[i]
    if (element !== undefined || i in array) copied[i] = copy(element, depth)
  }
  return copied
}

function copyProperties(object: Record<string, unknown>, copied: Record<string, unknown>, depth: number): Record<string, unknown> {
  for (const name of Object.keys(object)) setProperty(copied, name, copy(object[name], depth))
  return copied
}

function copyTypedArray(view: ArrayBufferView): unknown {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength).slice()
  if (Buffer.isBuffer(view)) return bytes
  const type = view.constructor as new (buffer: ArrayBuffer) => ArrayBufferView
  return new type(bytes.buffer)
}
