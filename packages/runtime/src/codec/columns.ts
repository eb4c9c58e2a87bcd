import { MalstromError } from '@malstrom/core'
import { ByteReader, corrupt } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import { ROWS_MAX } from './column-kinds.ts'
import { readColumn } from './column-reader.ts'
import { writeColumn } from './column-writer.ts'
import { findObstacle } from './obstacle.ts'
import { readValue } from './value-reader.ts'
import { NotEncodable, writeValue } from './value-writer.ts'

/** The first byte of everything that is encoded: format and its version. */
const FORMAT = 0xa1

const shared = new ByteWriter()

/**
 * Several columns of equal length as one block of bytes, and back without loss: `undefined`, `null`,
 * booleans, numbers (with NaN and -0), texts (any UTF-16), bigints, `Date`, `Map`, `Set`, arrays (with
 * holes), typed arrays, `ArrayBuffer`s and plain objects, within each other. Of objects, the
 * enumerable properties with text names; a value that occurs twice comes back as two.
 *
 * Columns in which all values are of one kind are laid out as such: numbers as 4 or 8 bytes each,
 * texts as lengths and one text, objects of one shape as columns of their properties.
 *
 * @throws MalstromError `ERR_VALUE_NOT_ENCODABLE`, which names column, row and place in the value.
 */
export function encodeColumns(columns: readonly ArrayLike<unknown>[], count: number): Uint8Array {
  shared.clear()
  encodeColumnsTo(shared, columns, count)
  return shared.take()
}

/** `encodeColumns` behind what `writer` holds already. */
export function encodeColumnsTo(writer: ByteWriter, columns: readonly ArrayLike<unknown>[], count: number): void {
  if (count > ROWS_MAX) throw new RangeError(`a block has at most ${ROWS_MAX} rows`)
  try {
    writer.u8(FORMAT)
    writer.varUint(count)
    writer.varUint(columns.length)
    for (const column of columns) writeColumn(writer, column, count)
  } catch (error) {
    throw explained(error, () => {
      for (const [c, column] of columns.entries()) {
        for (let row = 0; row < count; row++) {
          const obstacle = findObstacle(column[row], `columns[${c}][${row}]`)
          if (obstacle !== undefined) return obstacle
        }
      }
      return undefined
    })
  }
}

/** @throws MalstromError `ERR_DATA_CORRUPT` for bytes that `encodeColumns` has not written. */
export function decodeColumns(bytes: Uint8Array): unknown[][] {
  const reader = openBlock(bytes)
  const count = reader.varUint()
  if (count > ROWS_MAX) throw corrupt(`a block announces ${count} rows`)
  const size = reader.varUint()
  if (count > 0 && size > reader.left) throw corrupt(`a block announces ${size} columns`)
  if (size > 256) throw corrupt(`a block announces ${size} columns`)
  const columns: unknown[][] = []
  for (let i = 0; i < size; i++) columns.push(readColumn(reader, count))
  reader.end()
  return columns
}

/** One value as bytes; the kinds of values are those of `encodeColumns`. */
export function encodeValue(value: unknown): Uint8Array {
  try {
    shared.clear()
    shared.u8(FORMAT)
    writeValue(shared, value)
    return shared.take()
  } catch (error) {
    throw explained(error, () => findObstacle(value, 'value'))
  }
}

export function decodeValue(bytes: Uint8Array): unknown {
  const reader = openBlock(bytes)
  const value = readValue(reader)
  reader.end()
  return value
}

function openBlock(bytes: Uint8Array): ByteReader {
  const reader = new ByteReader(bytes)
  const format = reader.u8()
  if (format !== FORMAT) throw corrupt(`it begins with ${format} and not with ${FORMAT}`)
  return reader
}

function explained(error: unknown, find: () => string | undefined): unknown {
  if (!(error instanceof NotEncodable)) return error
  return new MalstromError('ERR_VALUE_NOT_ENCODABLE', `${find() ?? 'A value'}. It cannot be saved or sent.`)
}
