import type { ByteWriter } from './byte-writer.ts'
import { Layout } from './column-kinds.ts'
import { isLatin1 } from './value-kinds.ts'

/** Places of texts by their hash: a power of two. */
const SLOTS = 2_048

/** Longer texts are not worth looking for. */
const DICTIONARY_TEXT_LENGTH_MAX = 64

/** Fewer texts are written at once. */
const DICTIONARY_ROWS_MIN = 16

/** Columns without a dictionary after one in which it did not pay. */
const PLAIN_COLUMNS = 32

/** The texts of the column that is being written, by hash; two with the same hash get two entries. */
const texts: string[] = new Array(SLOTS).fill('')
const columnOf = new Int32Array(SLOTS)
const indexOf = new Uint16Array(SLOTS)
const found: string[] = []
let columns = 0

/** What was learned about a column of texts. */
export interface TextMemory {
  /** Columns that are to be written without a dictionary. */
  plain: number
}

/** Writes texts, once each if that pays. Returns `false`, and has written nothing, if others are among them. */
export function writeTexts(writer: ByteWriter, column: ArrayLike<unknown>, from: number, to: number, memory: TextMemory): boolean {
  if (to - from < DICTIONARY_ROWS_MIN) return writePlain(writer, column, from, to)
  if (memory.plain > 0) {
    memory.plain--
    return writePlain(writer, column, from, to)
  }
  if (writeDictionary(writer, column, from, to)) return true
  memory.plain = PLAIN_COLUMNS
  return writePlain(writer, column, from, to)
}

function writeDictionary(writer: ByteWriter, column: ArrayLike<unknown>, from: number, to: number): boolean {
  const start = writer.length
  const count = to - from
  const most = Math.min(count >> 1, 0xffff)
  const indexBytes = most <= 256 ? 1 : 2
  writer.pad()
  const header = writer.length
  writer.header(Layout.dictionary, indexBytes, 0)
  const at = writer.room(count * indexBytes)
  const size =
    indexBytes === 1 ? indexTexts(column, from, to, most, writer.bytes, at) : indexTexts16(column, from, to, most, writer.bytes, at)
  if (size < 0) {
    writer.truncate(start)
    return false
  }
  writer.ints[(header >> 2) + 1] = size
  return writePlain(writer, found, 0, size)
}

/** Writes for each text its index among those that differ, and returns how many these are; -1 if too many, or not all are texts. */
function indexTexts(column: ArrayLike<unknown>, from: number, to: number, most: number, target: Uint8Array, at: number): number {
  const mine = nextColumn()
  const shift = at - from
  let size = 0
  for (let i = from; i < to; i++) {
    const text = column[i]
    if (typeof text !== 'string') return -1
    const slot = slotOf(text)
    if (columnOf[slot] === mine && texts[slot] === text) {
      target[i + shift] = indexOf[slot] as number
      continue
    }
    if (size === most || text.length > DICTIONARY_TEXT_LENGTH_MAX) return -1
    texts[slot] = text
    columnOf[slot] = mine
    indexOf[slot] = size
    found[size] = text
    target[i + shift] = size++
  }
  return size
}

function indexTexts16(column: ArrayLike<unknown>, from: number, to: number, most: number, target: Uint8Array, at: number): number {
  const mine = nextColumn()
  let size = 0
  for (let i = from, byte = at; i < to; i++, byte += 2) {
    const text = column[i]
    if (typeof text !== 'string') return -1
    const slot = slotOf(text)
    let index = indexOf[slot] as number
    if (columnOf[slot] !== mine || texts[slot] !== text) {
      if (size === most || text.length > DICTIONARY_TEXT_LENGTH_MAX) return -1
      texts[slot] = text
      columnOf[slot] = mine
      indexOf[slot] = size
      found[size] = text
      index = size++
    }
    target[byte] = index & 255
    target[byte + 1] = index >> 8
  }
  return size
}

/** A new number for the slots to carry, so that they need not be emptied. */
function nextColumn(): number {
  if (columns === 0x7fff_ffff) {
    columnOf.fill(0)
    columns = 0
  }
  return ++columns
}

/** Texts that count up differ at their end. */
function slotOf(text: string): number {
  const { length } = text
  if (length < 2) return length === 0 ? 0 : text.charCodeAt(0) & (SLOTS - 1)
  return (text.charCodeAt(length - 1) + text.charCodeAt(length - 2) * 13 + length * 607) & (SLOTS - 1)
}

const lengths: number[] = []

/** Writes texts as their lengths and one text. */
function writePlain(writer: ByteWriter, column: ArrayLike<unknown>, from: number, to: number): boolean {
  const count = to - from
  let all = ''
  let longest = 0
  for (let i = from; i < to; i++) {
    const text = column[i]
    if (typeof text !== 'string') return false
    const { length } = text
    lengths[i - from] = length
    if (length > longest) longest = length
    all += text
  }
  writer.pad()
  const start = writer.length
  writer.header(Layout.latin1, writeLengthsHeader(longest), all.length)
  writeLengths(writer, lengths, count, longest)
  if (!writer.ascii(all)) {
    const latin1 = isLatin1(all)
    writer.text(all, latin1 ? 'latin1' : 'utf16le')
    if (!latin1) writer.bytes[start] = Layout.utf16
  }
  if (lengths.length > SLOTS) lengths.length = 0
  return true
}

/** The bytes of each length. */
export function writeLengthsHeader(longest: number): 1 | 4 {
  return longest < 256 ? 1 : 4
}

export function writeLengths(writer: ByteWriter, all: ArrayLike<number>, count: number, longest: number): void {
  if (longest < 256) {
    const at = writer.room(count)
    const { bytes } = writer
    for (let i = 0; i < count; i++) bytes[at + i] = all[i] as number
  } else {
    const at = writer.room(count * 4) >> 2
    const { ints } = writer
    for (let i = 0; i < count; i++) ints[at + i] = all[i] as number
  }
}
