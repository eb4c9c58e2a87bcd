import { crc32 } from 'node:zlib'
import { MalstromError } from '@malstrom/core'
import type { ByteWriter } from '../codec/byte-writer.ts'

const HEADER_BYTES = 8

/** The bytes with their length and checksum in front, so that damage is noticed when they are read. */
export function sealed(bytes: Uint8Array): Uint8Array {
  const result = new Uint8Array(HEADER_BYTES + bytes.length)
  const header = new DataView(result.buffer)
  header.setUint32(0, bytes.length, true)
  header.setUint32(4, crc32(bytes), true)
  result.set(bytes, HEADER_BYTES)
  return result
}

/** Adds a sealed piece to a writer: what `write` writes, with its length and checksum in front. */
export function sealInto(writer: ByteWriter, write: () => void): void {
  const start = writer.length
  writer.room(HEADER_BYTES)
  write()
  const piece = writer.view(start + HEADER_BYTES, writer.length)
  const header = writer.view(start, start + HEADER_BYTES)
  header.writeUInt32LE(piece.length, 0)
  header.writeUInt32LE(crc32(piece), 4)
}

/** Splits what consists of sealed pieces. `what` names it in errors. */
export function unsealed(bytes: Uint8Array, what: string): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const pieces: Uint8Array[] = []
  for (let at = 0; at < bytes.length; ) {
    if (at + HEADER_BYTES > bytes.length) throw damaged(what, `it ends after ${bytes.length} bytes within a header`)
    const length = view.getUint32(at, true)
    const checksum = view.getUint32(at + 4, true)
    at += HEADER_BYTES
    if (at + length > bytes.length) throw damaged(what, `it ends after ${bytes.length} bytes, and announces ${at + length}`)
    const piece = bytes.subarray(at, at + length)
    const actual = crc32(piece)
    if (actual !== checksum) throw damaged(what, `its checksum is ${hex(actual)}, not ${hex(checksum)}`)
    pieces.push(piece)
    at += length
  }
  return pieces
}

export function damaged(what: string, how: string): MalstromError {
  return new MalstromError(
    'ERR_SNAPSHOT_CORRUPT',
    `${what} is damaged: ${how}. An older snapshot may be whole; "malstrom snapshots <location> verify" looks at all of them.`,
  )
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0')
}
