import type { ByteWriter } from './byte-writer.ts'
import { BLOCK_FORMAT, COLUMN_DEPTH_MAX, COLUMNS_MAX, Layout, ROWS_MAX, TUPLE_LENGTH_MAX } from './column-kinds.ts'
import type { ColumnMemory } from './column-memory.ts'
import type { ObjectShape } from './object-gather.ts'
import { writeLengths, writeLengthsHeader, writeTexts } from './text-columns.ts'
import { isInt32 } from './value-kinds.ts'
import { writeValue } from './value-writer.ts'

type Column = ArrayLike<unknown>

/** The columns of one block. */
export class BlockWriter {
  readonly #writer: ByteWriter
  #columns = 0
  /** What the objects of the last column are like, if they are in columns. */
  #objectsBefore: ObjectShape | undefined
  /** The keys of the objects that are to be written, if they are texts. */
  #keys: Column | undefined
  #keysFrom = 0

  constructor(writer: ByteWriter) {
    this.#writer = writer
  }

  /** Before the columns of a block, where the length of the writer is a multiple of 8. */
  start(size: number, count: number): void {
    if (count > ROWS_MAX) throw new RangeError(`a block has at most ${ROWS_MAX} rows`)
    this.#columns = 0
    this.#objectsBefore = undefined
    this.#keys = undefined
    this.#writer.header(BLOCK_FORMAT, size, count)
  }

  /** After them. */
  end(): void {
    this.#writer.pad()
  }

  /** Writes the values from `from` on, before `to`, in the layout that fits all of them. */
  write(column: Column, from: number, to: number, memory: ColumnMemory, depth = 0): void {
    if (from >= to || this.#uniform(column, from, to, memory, depth)) return
    if (!this.#shapes(column, from, to, memory, depth)) this.#mixed(column, from, to)
  }

  /** Two columns as `write` does, of which the second may be a property of the objects in the first. */
  writeWithKeys(
    values: Column,
    from: number,
    to: number,
    memory: ColumnMemory,
    keys: Column,
    keysFrom: number,
    keyMemory: ColumnMemory,
  ): void {
    this.#keys = typeof keys[keysFrom] === 'string' ? keys : undefined
    this.#keysFrom = keysFrom
    this.write(values, from, to, memory)
    this.#keys = undefined
    const keysTo = keysFrom + to - from
    const property = this.#objectsBefore?.propertyOf(keys, keysFrom, keysTo) ?? -1
    if (property >= 0) this.#writer.header(Layout.property, property, 0)
    else this.writeQuickly(keys, keysFrom, keysTo, keyMemory)
  }

  /** `write`, but numbers are copied as they are: looking whether they are whole takes ten times as long. */
  writeQuickly(column: Column, from: number, to: number, memory: ColumnMemory): void {
    if (column instanceof Float64Array && from < to) this.#floats(column, from, to)
    else this.write(column, from, to, memory)
  }

  #uniform(column: Column, from: number, to: number, memory: ColumnMemory, depth: number): boolean {
    if (++this.#columns > COLUMNS_MAX) return false
    const first = column[from]
    switch (typeof first) {
      case 'undefined':
        return this.#undefined(column, from, to)
      case 'number':
        return this.#numbers(column, from, to, memory)
      case 'boolean':
        return this.#booleans(column, from, to)
      case 'string':
        return writeTexts(this.#writer, column, from, to, memory)
      case 'object':
        if (first === null || depth >= COLUMN_DEPTH_MAX) return false
        if (Array.isArray(first)) return this.#tuples(column, from, to, memory, depth) || this.#arrays(column, from, to, memory, depth)
        return first instanceof Date ? this.#dates(column, from, to) : this.#objects(column, from, to, first, memory, depth)
      default:
        return false
    }
  }

  #mixed(column: Column, from: number, to: number): void {
    this.#writer.header(Layout.mixed, 0, 0)
    for (let i = from; i < to; i++) writeValue(this.#writer, column[i])
  }

  #undefined(column: Column, from: number, to: number): boolean {
    for (let i = from; i < to; i++) if (column[i] !== undefined) return false
    const writer = this.#writer
    writer.header(Layout.undefined, 0, 0)
    const at = writer.room((to - from + 7) >> 3)
    writer.bytes.fill(0, at, writer.length)
    return true
  }

  #numbers(column: Column, from: number, to: number, memory: ColumnMemory): boolean {
    const writer = this.#writer
    const count = to - from
    writer.pad()
    const start = writer.length
    const loops = memory.loops(count)
    if (isInt32(column[from])) {
      writer.header(Layout.int32, 0, 0)
      const at = writer.room(count * 4)
      if (loops.ints(column, from, to, writer.ints, at >> 2) === to) return true
      writer.truncate(start)
    }
    if (column instanceof Float64Array) return this.#floats(column, from, to)
    writer.header(Layout.float64, 0, 0)
    const at = writer.room(count * 8)
    if (loops.floats(column, from, to, writer.floats, at >> 3) === to) return true
    writer.truncate(start)
    return false
  }

  #floats(column: Float64Array, from: number, to: number): boolean {
    const writer = this.#writer
    writer.header(Layout.float64, 0, 0)
    const at = writer.room((to - from) * 8)
    writer.floats.set(column.subarray(from, to), at >> 3)
    return true
  }

  #booleans(column: Column, from: number, to: number): boolean {
    for (let i = from; i < to; i++) if (typeof column[i] !== 'boolean') return false
    const writer = this.#writer
    writer.header(Layout.boolean, 0, 0)
    const at = writer.room(to - from)
    const { bytes } = writer
    for (let i = from; i < to; i++) bytes[at + i - from] = column[i] === true ? 1 : 0
    return true
  }

  #dates(column: Column, from: number, to: number): boolean {
    for (let i = from; i < to; i++) {
      const value = column[i]
      if (!(value instanceof Date) || Object.getPrototypeOf(value) !== Date.prototype) return false
    }
    const writer = this.#writer
    writer.header(Layout.dates, 0, 0)
    const at = writer.room((to - from) * 8) >> 3
    const { floats } = writer
    for (let i = from; i < to; i++) floats[at + i - from] = (column[i] as Date).getTime()
    return true
  }

  #objects(column: Column, from: number, to: number, first: object, memory: ColumnMemory, depth: number): boolean {
    if (Object.getPrototypeOf(first) !== Object.prototype) return false
    const shape = memory.shapeOf(first)
    if (shape === undefined) return false
    const count = to - from
    const writer = this.#writer
    writer.pad()
    const start = writer.length
    shape.expect(first, count)
    for (;;) {
      shape.encodedNames ??= this.#encodedNames(shape)
      writer.header(Layout.objects, shape.names.length, shape.encodedNames.length)
      writer.copy(shape.encodedNames)
      const done = shape.gather(writer, column, from, count, memory, depth === 0 ? this.#keys : undefined, this.#keysFrom)
      if (done === count) break
      writer.truncate(start)
      if (done >= 0) return false
      shape.widen(-1 - done)
    }
    for (let p = 0; p < shape.kinds.length; p++) {
      if (!shape.isLater(p) || shape.writeIndexed(writer, p, count)) continue
      this.write(shape.valuesOf(p), 0, count, memory.inner(p), depth + 1)
    }
    if (depth === 0) this.#objectsBefore = shape
    return true
  }

  /** Objects of several shapes, as streams have that are put together. */
  #shapes(column: Column, from: number, to: number, memory: ColumnMemory, depth: number): boolean {
    if (this.#columns > COLUMNS_MAX || depth + 1 >= COLUMN_DEPTH_MAX || !mayHaveShape(column[from])) return false
    const { split } = memory
    if (!split.split(column, from, to)) return false
    const writer = this.#writer
    writer.header(Layout.shapes, split.count, 0)
    writer.copy(split.rows.subarray(0, to - from))
    for (let shape = 0; shape < split.count; shape++) {
      const group = split.groups[shape] as unknown[]
      this.write(group, 0, group.length, memory.ofShape(split.places[shape] as number), depth + 1)
    }
    split.clear()
    return true
  }

  /** What stands in front of the columns of objects. */
  #encodedNames(shape: ObjectShape): Uint8Array {
    const writer = this.#writer
    const start = writer.length
    writeTexts(writer, shape.names, 0, shape.names.length, { plain: 1 })
    for (const property of shape.order) writer.u8(property)
    writer.pad()
    const encoded = new Uint8Array(writer.view(start, writer.length))
    writer.truncate(start)
    return encoded
  }

  /** Arrays of one length, as keys of several parts are: a column for each place. */
  #tuples(column: Column, from: number, to: number, memory: ColumnMemory, depth: number): boolean {
    const { length } = column[from] as unknown[]
    if (length === 0 || length > TUPLE_LENGTH_MAX) return false
    for (let i = from; i < to; i++) {
      const tuple = column[i]
      if (!isPlainArray(tuple) || tuple.length !== length) return false
      for (let j = 0; j < length; j++) if (tuple[j] === undefined && !(j in tuple)) return false
    }
    this.#writer.header(Layout.tuples, length, 0)
    for (let j = 0; j < length; j++) {
      const place: unknown[] = []
      for (let i = from; i < to; i++) place.push((column[i] as unknown[])[j])
      this.write(place, 0, place.length, memory.inner(j), depth + 1)
    }
    return true
  }

  #arrays(column: Column, from: number, to: number, memory: ColumnMemory, depth: number): boolean {
    const lengths: number[] = []
    const elements: unknown[] = []
    let longest = 0
    for (let i = from; i < to; i++) {
      const array = column[i]
      if (!isPlainArray(array) || elements.length + array.length > ROWS_MAX) return false
      lengths.push(array.length)
      longest = Math.max(longest, array.length)
      for (let j = 0; j < array.length; j++) {
        if (array[j] === undefined && !(j in array)) return false
        elements.push(array[j])
      }
    }
    this.#writer.header(Layout.arrays, writeLengthsHeader(longest), elements.length)
    writeLengths(this.#writer, lengths, lengths.length, longest)
    this.write(elements, 0, elements.length, memory.inner(0), depth + 1)
    return true
  }
}

function mayHaveShape(value: unknown): boolean {
  return value === undefined || (typeof value === 'object' && !Array.isArray(value))
}

function isPlainArray(value: unknown): value is unknown[] {
  return Array.isArray(value) && Object.getPrototypeOf(value) === Array.prototype
}
