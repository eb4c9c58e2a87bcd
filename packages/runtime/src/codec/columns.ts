import { ByteReader, corrupt } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import { ColumnMemory } from './column-memory.ts'
import { BlockReader } from './column-reader.ts'
import { BlockWriter } from './column-writer.ts'
import { columnObstacle, explained, findObstacle } from './obstacle.ts'
import { readValue } from './value-reader.ts'
import { writeValue } from './value-writer.ts'

/** The first byte of a value: format and its version. Blocks of columns have their own. */
const VALUE_FORMAT = 0xa1

const sharedWriter = new ByteWriter()
const sharedReader = new ByteReader()
const blockReader = new BlockReader(sharedReader, true)

/**
 * Several columns of equal length as one block of bytes, and back without loss: `undefined`, `null`,
 * booleans, numbers (with NaN and -0), texts (any UTF-16), bigints, `Date`, `Map`, `Set`, arrays (with
 * holes), typed arrays, `ArrayBuffer`s, plain objects and objects without a prototype, within each
 * other. Of objects, the enumerable properties with text names; a value that occurs twice comes back
 * as two.
 *
 * Columns in which all values are of one kind are laid out as such: numbers as 4 or 8 bytes each,
 * texts as lengths and one text, objects of one shape as columns of their properties.
 *
 * @throws MalstromError `ERR_VALUE_NOT_ENCODABLE`, which names column, row and place in the value.
 */
export function encodeColumns(columns: readonly ArrayLike<unknown>[], count: number): Uint8Array {
  sharedWriter.clear()
  encodeColumnsTo(sharedWriter, columns, count)
  return sharedWriter.take()
}

/**
 * `encodeColumns` behind what `writer` holds already, whose length is a multiple of 8 before and after.
 *
 * @param memory of the blocks before this one, if many with like columns follow each other.
 */
export function encodeColumnsTo(
  writer: ByteWriter,
  columns: readonly ArrayLike<unknown>[],
  count: number,
  memory = new ColumnMemory(false),
): void {
  try {
    const block = new BlockWriter(writer)
    block.start(columns.length, count)
    for (let c = 0; c < columns.length; c++) block.write(columns[c] as ArrayLike<unknown>, 0, count, memory.inner(c))
    block.end()
  } catch (error) {
    throw explained(error, () => {
      for (const [c, column] of columns.entries()) {
        const obstacle = columnObstacle(column, 0, count, `columns[${c}]`)
        if (obstacle !== undefined) return obstacle
      }
      return undefined
    })
  }
}

/** @throws MalstromError `ERR_DATA_CORRUPT` for bytes that `encodeColumns` has not written. */
export function decodeColumns(bytes: Uint8Array): unknown[][] {
  sharedReader.open(bytes, 0)
  const { size, count } = blockReader.start()
  const columns: unknown[][] = []
  for (let i = 0; i < size; i++) columns.push(blockReader.read(count))
  blockReader.end()
  return columns
}

/** One value as bytes; the kinds of values are those of `encodeColumns`. With `tag`, a byte that comes before them. */
export function encodeValue(value: unknown, tag?: number): Uint8Array {
  try {
    sharedWriter.clear()
    if (tag !== undefined) sharedWriter.u8(tag)
    sharedWriter.u8(VALUE_FORMAT)
    writeValue(sharedWriter, value)
    return sharedWriter.take()
  } catch (error) {
    throw explained(error, () => findObstacle(value, 'value'))
  }
}

/** The value in `bytes` from `offset` on. */
export function decodeValue(bytes: Uint8Array, offset = 0): unknown {
  sharedReader.open(bytes, offset)
  const format = sharedReader.u8()
  if (format !== VALUE_FORMAT) throw corrupt(`it begins with ${format} and not with ${VALUE_FORMAT}`)
  const value = readValue(sharedReader)
  sharedReader.end()
  return value
}
