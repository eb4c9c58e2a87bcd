import { type Compression, damaged, tooLong } from './compression.ts'
import { findMatches } from './match-finder.ts'
import { copyBytes, OutputBuffer } from './output-buffer.ts'

/**
 * Snappy blocks (google/snappy, format_description.txt) in the frame of xerial's snappy-java, as Kafka's
 * Java clients write them: a magic number, two versions, then blocks with their length before them.
 * Other clients leave the frame away; both are read.
 */
const FRAME_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0])
const FRAME_HEADER_BYTES = 16
const BLOCK_BYTES_MAX = 32 * 1024
const COPY_BYTES_MAX = 64

export const snappy: Compression = {
  name: 'snappy',
  id: 2,
  compress(bytes) {
    const header = Buffer.alloc(FRAME_HEADER_BYTES)
    FRAME_MAGIC.copy(header)
    header.writeInt32BE(1, 8)
    header.writeInt32BE(1, 12)
    const parts: Uint8Array[] = [header]
    for (let at = 0; at < bytes.length; at += BLOCK_BYTES_MAX) {
      const block = compressBlock(bytes.subarray(at, at + BLOCK_BYTES_MAX))
      const length = Buffer.alloc(4)
      length.writeInt32BE(block.length)
      parts.push(length, block)
    }
    return Buffer.concat(parts)
  },
  decompress(bytes, bytesMax) {
    const output = new OutputBuffer(bytes.length * 2, bytesMax, () => tooLong('snappy', bytesMax))
    if (bytes.length < FRAME_HEADER_BYTES || FRAME_MAGIC.compare(bytes, 0, FRAME_MAGIC.length) !== 0) {
      decompressBlock(bytes, 0, bytes.length, output)
      return output.take()
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    let at = FRAME_HEADER_BYTES
    while (at < bytes.length) {
      const length = at + 4 <= bytes.length ? view.getInt32(at) : -1
      at += 4
      if (length < 0 || at + length > bytes.length) throw damaged('snappy', 'a block ends after the data')
      decompressBlock(bytes, at, at + length, output)
      at += length
    }
    return output.take()
  },
}

function decompressBlock(bytes: Uint8Array, start: number, end: number, output: OutputBuffer): void {
  let at = start
  let expected = 0
  for (let shift = 0; ; shift += 7) {
    if (at >= end || shift > 28) throw damaged('snappy', 'the length of a block is cut off')
    const byte = bytes[at++] as number
    expected += (byte & 0x7f) * 2 ** shift
    if (byte < 0x80) break
  }
  const blockStart = output.length
  while (at < end) {
    const tag = bytes[at++] as number
    if ((tag & 3) === 0) {
      let count = (tag >>> 2) + 1
      const lengthBytes = Math.max(0, count - 60)
      if (lengthBytes > 0) {
        if (at + lengthBytes > end) throw damaged('snappy', 'a length is cut off')
        count = littleEndian(bytes, at, lengthBytes) + 1
        at += lengthBytes
      }
      if (at + count > end) throw damaged('snappy', 'a literal is cut off')
      output.append(bytes, at, count)
      at += count
    } else {
      const isShort = (tag & 3) === 1
      const offsetBytes = isShort ? 1 : (tag & 3) === 2 ? 2 : 4
      if (at + offsetBytes > end) throw damaged('snappy', 'a copy is cut off')
      const count = isShort ? ((tag >>> 2) & 7) + 4 : (tag >>> 2) + 1
      const distance = littleEndian(bytes, at, offsetBytes) + (isShort ? (tag >>> 5) * 256 : 0)
      at += offsetBytes
      if (distance === 0 || distance > output.length - blockStart) throw damaged('snappy', 'a copy points before the block')
      output.repeat(distance, count)
    }
  }
  if (output.length - blockStart !== expected) throw damaged('snappy', 'a block has another length than it says')
}

function littleEndian(bytes: Uint8Array, at: number, count: number): number {
  let value = bytes[at] as number
  if (count > 1) value |= (bytes[at + 1] as number) << 8
  if (count > 2) value |= (bytes[at + 2] as number) << 16
  return count > 3 ? value + (bytes[at + 3] as number) * 2 ** 24 : value
}

function compressBlock(bytes: Uint8Array): Uint8Array {
  // The longest it can get: a few bytes for the length, one literal with a length of two bytes, and copies that save more than they cost.
  const output = Buffer.allocUnsafeSlow(32 + bytes.length + Math.floor(bytes.length / 6))
  let at = 0
  for (let rest = bytes.length; ; rest >>>= 7) {
    output[at++] = rest > 0x7f ? (rest & 0x7f) | 0x80 : rest
    if (rest <= 0x7f) break
  }
  const literal = (start: number, end: number) => {
    const count = end - start
    if (count === 0) return
    if (count <= 60) output[at++] = (count - 1) << 2
    else if (count <= 256) {
      output[at++] = 60 << 2
      output[at++] = count - 1
    } else {
      output[at++] = 61 << 2
      output[at++] = (count - 1) & 0xff
      output[at++] = (count - 1) >>> 8
    }
    copyBytes(bytes, start, count, output, at)
    at += count
  }
  const tail = findMatches(bytes, 0, bytes.length, 0, (literalStart, literalEnd, distance, matchBytes) => {
    literal(literalStart, literalEnd)
    for (let rest = matchBytes; rest > 0; rest -= COPY_BYTES_MAX) {
      output[at++] = ((Math.min(rest, COPY_BYTES_MAX) - 1) << 2) | 2
      output[at++] = distance & 0xff
      output[at++] = distance >>> 8
    }
  })
  literal(tail, bytes.length)
  return output.subarray(0, at)
}
