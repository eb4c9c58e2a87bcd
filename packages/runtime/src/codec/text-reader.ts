import { type ByteReader, corrupt } from './byte-reader.ts'
import { packedArray } from './packed-array.ts'

/**
 * UTF-16 units that are made into one text before it is cut. V8 keeps the whole text for as long as
 * any piece of it of more than 12 units lives, so it must not be long.
 */
const PIECE_LENGTH = 512

/** Texts that were written as their lengths and one text of `total` UTF-16 units. */
export function readTexts(
  reader: ByteReader,
  count: number,
  lengthBytes: number,
  total: number,
  encoding: 'latin1' | 'utf16le',
): unknown[] {
  const lengths = readLengths(reader, count, lengthBytes, total)
  const unitBytes = encoding === 'latin1' ? 1 : 2
  const base = reader.take(total * unitBytes)
  const texts = packedArray(count)
  let piece = ''
  let pieceStart = 0
  let start = 0
  for (let i = 0; i < count; i++) {
    const end = start + (lengths[i] as number)
    if (end > pieceStart + piece.length) {
      const pieceEnd = Math.max(end, Math.min(total, start + PIECE_LENGTH))
      piece = reader.bytes.toString(encoding, base + start * unitBytes, base + pieceEnd * unitBytes)
      pieceStart = start
    }
    texts[i] = piece.substring(start - pieceStart, end - pieceStart)
    start = end
  }
  return texts
}

const lengths: number[] = []

/** Lengths whose sum is `total`; valid until the next call. */
export function readLengths(reader: ByteReader, count: number, lengthBytes: number, total: number): readonly number[] {
  if (lengthBytes !== 1 && lengthBytes !== 4) throw corrupt(`a length of ${lengthBytes} bytes`)
  const at = reader.take(count * lengthBytes)
  const all = count > 16_384 ? [] : lengths
  let sum = 0
  for (let i = 0; i < count; i++) {
    const length = lengthBytes === 1 ? (reader.bytes[at + i] as number) : (reader.ints[(at >> 2) + i] as number) >>> 0
    all[i] = length
    sum += length
  }
  if (sum !== total) throw corrupt('the lengths of texts or arrays do not add up')
  return all
}
