import { type Compression, damaged, tooLong } from './compression.ts'
import { findMatches, MATCH_BYTES_MIN } from './match-finder.ts'
import { copyBytes, OutputBuffer } from './output-buffer.ts'

/**
 * The LZ4 frame format (lz4/lz4, doc/lz4_Frame_format.md), which Kafka uses: a header, blocks with their
 * length before them, an end mark. The checksums of blocks and content are not looked at: the one of
 * the record batch covers them.
 */
const FRAME_MAGIC = 0x184d2204
const VERSION = 0b01 << 6
const INDEPENDENT_BLOCKS = 1 << 5
const BLOCK_CHECKSUM = 1 << 4
const CONTENT_SIZE = 1 << 3
const CONTENT_CHECKSUM = 1 << 2
const DICTIONARY_ID = 1
const BLOCK_OF_64_KIB = 4 << 4
const BLOCK_BYTES_MAX = 64 * 1024
const STORED = 0x80000000
/** The format wants the last 5 bytes of a block as they are, and no repetition that begins in the last 12. */
const TAIL_BYTES = 12

export const lz4: Compression = {
  name: 'lz4',
  id: 3,
  compress(bytes) {
    const header = Buffer.alloc(7)
    header.writeUInt32LE(FRAME_MAGIC)
    header[4] = VERSION | INDEPENDENT_BLOCKS
    header[5] = BLOCK_OF_64_KIB
    header[6] = headerChecksum(header, 4, 6)
    const parts: Uint8Array[] = [header]
    for (let at = 0; at < bytes.length; at += BLOCK_BYTES_MAX) {
      const block = bytes.subarray(at, at + BLOCK_BYTES_MAX)
      const compressed = compressBlock(block)
      const isSmaller = compressed.length < block.length
      const length = Buffer.alloc(4)
      length.writeUInt32LE(isSmaller ? compressed.length : (block.length | STORED) >>> 0)
      parts.push(length, isSmaller ? compressed : block)
    }
    parts.push(Buffer.alloc(4))
    return Buffer.concat(parts)
  },
  decompress(bytes, bytesMax) {
    const output = new OutputBuffer(bytes.length * 3, bytesMax, () => tooLong('lz4', bytesMax))
    let at = 0
    do at = decompressFrame(bytes, at, output)
    while (at < bytes.length)
    return output.take()
  },
}

/** Returns where the frame ends. */
function decompressFrame(bytes: Uint8Array, start: number, output: OutputBuffer): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const need = (end: number) => {
    if (end > bytes.length) throw damaged('lz4', 'the frame is cut off')
  }
  need(start + 7)
  if (view.getUint32(start, true) !== FRAME_MAGIC) throw damaged('lz4', 'there is no frame')
  const flags = view.getUint8(start + 4)
  if (flags >>> 6 !== 1) throw damaged('lz4', 'the version of the frame is unknown')
  let at = start + 6 + (flags & CONTENT_SIZE ? 8 : 0) + (flags & DICTIONARY_ID ? 4 : 0)
  need(at + 1)
  if (view.getUint8(at) !== headerChecksum(bytes, start + 4, at)) throw damaged('lz4', 'the header of the frame has another checksum')
  at++
  for (;;) {
    need(at + 4)
    const word = view.getUint32(at, true)
    at += 4
    if (word === 0) break
    const length = word & ~STORED
    need(at + length)
    if (word >= STORED) output.append(bytes, at, length)
    else decompressBlock(bytes, at, at + length, output)
    at += length + (flags & BLOCK_CHECKSUM ? 4 : 0)
  }
  at += flags & CONTENT_CHECKSUM ? 4 : 0
  need(at)
  return at
}

function decompressBlock(bytes: Uint8Array, start: number, end: number, output: OutputBuffer): void {
  let at = start
  const readLength = (first: number): number => {
    let length = first
    if (first < 15) return length
    for (;;) {
      if (at >= end) throw damaged('lz4', 'a length is cut off')
      const byte = bytes[at++] as number
      length += byte
      if (byte < 255) return length
    }
  }
  while (at < end) {
    const token = bytes[at++] as number
    const literals = readLength(token >>> 4)
    if (at + literals > end) throw damaged('lz4', 'a literal is cut off')
    output.append(bytes, at, literals)
    at += literals
    if (at === end) return
    if (at + 2 > end) throw damaged('lz4', 'a distance is cut off')
    const distance = (bytes[at] as number) | ((bytes[at + 1] as number) << 8)
    at += 2
    if (distance === 0 || distance > output.length) throw damaged('lz4', 'a repetition points before the data')
    output.repeat(distance, readLength(token & 15) + MATCH_BYTES_MIN)
  }
}

function compressBlock(bytes: Uint8Array): Uint8Array {
  const output = Buffer.allocUnsafeSlow(16 + bytes.length + Math.ceil(bytes.length / 255))
  let at = 0
  const extend = (length: number) => {
    let rest = length - 15
    for (; rest >= 255; rest -= 255) output[at++] = 255
    output[at++] = rest
  }
  const literal = (start: number, end: number, matchNibble: number) => {
    const count = end - start
    output[at++] = (Math.min(count, 15) << 4) | matchNibble
    if (count >= 15) extend(count)
    copyBytes(bytes, start, count, output, at)
    at += count
  }
  const tail = findMatches(bytes, 0, bytes.length, TAIL_BYTES, (literalStart, literalEnd, distance, matchBytes) => {
    const extra = matchBytes - MATCH_BYTES_MIN
    literal(literalStart, literalEnd, Math.min(extra, 15))
    output[at++] = distance & 0xff
    output[at++] = distance >>> 8
    if (extra >= 15) extend(extra)
  })
  literal(tail, bytes.length, 0)
  return output.subarray(0, at)
}

const PRIMES = [0x9e3779b1, 0x85ebca77, 0xc2b2ae3d, 0x27d4eb2f, 0x165667b1] as const

/** The second byte of the xxHash32 of `bytes[start]` to `bytes[end - 1]`, which are fewer than 16. */
function headerChecksum(bytes: Uint8Array, start: number, end: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let hash = (PRIMES[4] + (end - start)) | 0
  let at = start
  for (; at + 4 <= end; at += 4) {
    hash = (hash + Math.imul(view.getUint32(at, true), PRIMES[2])) | 0
    hash = Math.imul((hash << 17) | (hash >>> 15), PRIMES[3])
  }
  for (; at < end; at++) {
    hash = (hash + Math.imul(bytes[at] as number, PRIMES[4])) | 0
    hash = Math.imul((hash << 11) | (hash >>> 21), PRIMES[0])
  }
  hash = Math.imul(hash ^ (hash >>> 15), PRIMES[1])
  hash = Math.imul(hash ^ (hash >>> 13), PRIMES[2])
  return ((hash ^ (hash >>> 16)) >>> 8) & 0xff
}
