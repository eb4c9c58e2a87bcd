import type { ByteWriter } from './byte-writer.ts'
import { Layout } from './column-kinds.ts'
import { NARROW_TEXTS_MAX, TextDictionary } from './text-dictionary.ts'
import { isLatin1 } from './value-kinds.ts'

/** Fewer texts are written as they are. */
const DICTIONARY_ROWS_MIN = 16

/** Columns without a dictionary after one in which it did not pay. */
const PLAIN_COLUMNS = 32

/** Texts for whose lengths and indexes memory is kept. */
const KEPT_ROWS_MAX = 8_192

/** What was learned about a column of texts. */
export interface TextMemory {
  /** Columns that are to be written without a dictionary. */
  plain: number
  dictionary?: TextDictionary | undefined
}

/** Writes texts, once each if that pays. Returns `false`, and has written nothing, if others are among them. */
export function writeTexts(writer: ByteWriter, column: ArrayLike<unknown>, from: number, to: number, memory: TextMemory): boolean {
  const count = to - from
  const dictionary = dictionaryFor(memory, count)
  if (dictionary === undefined) {
    if (memory.plain > 0) memory.plain--
    return writePlain(writer, column, from, to)
  }
  const indexes = indexesFor(count)
  const most = textsMost(count)
  const isNew = dictionary.size === 0
  // What was there before is not what comes now, perhaps: then it is tried once more.
  let done = dictionary.index(column, from, to, indexes, most)
  if (!done && emptied(memory, isNew)) done = dictionary.index(column, from, to, indexes, most) || emptied(memory, true)
  if (!done) return writePlain(writer, column, from, to)
  writeIndexed(writer, indexes, count, dictionary)
  return true
}

/** The dictionary by which to write `count` texts of a column now, if any. */
export function dictionaryFor(memory: TextMemory, count: number): TextDictionary | undefined {
  if (memory.plain > 0 || count < DICTIONARY_ROWS_MIN) return undefined
  memory.dictionary ??= new TextDictionary()
  return memory.dictionary.size > textsMost(count) ? undefined : memory.dictionary
}

/** Texts that the dictionary of a column may have. */
export function textsMost(count: number): number {
  return count >> 1
}

/** After a dictionary did not take a text. `wasNew`: it was empty before this column; if not, it may do after being emptied. */
export function emptied(memory: TextMemory, wasNew: boolean): boolean {
  memory.dictionary?.clear()
  if (wasNew) memory.plain = PLAIN_COLUMNS
  return !wasNew
}

/** Writes a column of texts of which the indexes in the dictionary are known. */
export function writeIndexed(writer: ByteWriter, indexes: Uint16Array, count: number, dictionary: TextDictionary): void {
  writer.pad()
  const start = writer.length
  writer.header(Layout.dictionary, 0, 0)
  writeIndexes(writer, indexes, count, dictionary.size)
  writer.pad()
  const texts = dictionary.encoded ?? encodedTexts(writer, dictionary)
  writer.copy(texts)
  writer.ints[start >> 2] = Layout.dictionary | (dictionary.size << 8)
  writer.ints[(start >> 2) + 1] = texts.length
}

const scratch = new Uint16Array(KEPT_ROWS_MAX)

/** Memory for so many indexes, valid until the next call. */
function indexesFor(count: number): Uint16Array {
  if (count > KEPT_ROWS_MAX) return new Uint16Array(count)
  return scratch
}

function writeIndexes(writer: ByteWriter, indexes: Uint16Array, count: number, texts: number): void {
  if (texts > NARROW_TEXTS_MAX) {
    writer.copy(new Uint8Array(indexes.buffer, 0, count * 2))
    return
  }
  const at = writer.room(count)
  const { bytes } = writer
  for (let i = 0; i < count; i++) bytes[at + i] = indexes[i] as number
}

function encodedTexts(writer: ByteWriter, dictionary: TextDictionary): Uint8Array {
  const start = writer.length
  writePlain(writer, dictionary.texts, 1, dictionary.texts.length)
  writer.pad()
  const encoded = new Uint8Array(writer.view(start, writer.length))
  writer.truncate(start)
  dictionary.encoded = encoded
  return encoded
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
  if (lengths.length > KEPT_ROWS_MAX) lengths.length = 0
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
