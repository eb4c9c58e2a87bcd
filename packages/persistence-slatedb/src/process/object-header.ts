import { randomBytes } from 'node:crypto'
import { ProcessError } from './failure.ts'

/** Content up to this size is in the header itself. */
const INLINE_BYTES_MAX = 4_096

/** Content beyond it is in entries of this size, which is what SlateDB writes and reads fastest. */
const CHUNK_BYTES = 1 << 20

const FORM = 1
const TOKEN_BYTES = 12
const FIXED_BYTES = 1 + TOKEN_BYTES + 8

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/**
 * An object as entries of the database:
 *
 *     o/<path>             1 byte form, 12 bytes token, 8 bytes length, then the content if it is small
 *     c/<token>/<number>   the content in chunks, if it is not
 *
 * Looking whether there is an object, and which, reads little. Chunks belong to one write, named by its random token, which is
 * the ETag as well: no two writes have the same.
 */
export interface ObjectHeader {
  readonly token: string
  readonly length: number
  /** The content, if it is small. */
  readonly inline: Uint8Array | undefined
}

export function headerKey(path: string): Uint8Array {
  return encoder.encode(`o/${path}`)
}

export function pathOfKey(key: Uint8Array): string {
  return decoder.decode(key.subarray(2))
}

/** The keys of a prefix, from the first one or behind a path. No UTF-8 has the byte 255. */
export function headerRange(prefix: string, after: string | undefined) {
  const end = Uint8Array.from([...headerKey(prefix), 255])
  const start = headerKey(after ?? prefix)
  return { start, start_inclusive: after === undefined, end, end_inclusive: false }
}

export function chunkKeys({ token, length, inline }: ObjectHeader): Uint8Array[] {
  if (inline !== undefined) return []
  const count = Math.ceil(length / CHUNK_BYTES)
  return Array.from({ length: count }, (_, index) => encoder.encode(`c/${token}/${index.toString().padStart(6, '0')}`))
}

export function chunksOf(bytes: Uint8Array): Uint8Array[] {
  const count = Math.ceil(bytes.length / CHUNK_BYTES)
  return Array.from({ length: count }, (_, index) => bytes.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES))
}

export function newHeader(bytes: Uint8Array): ObjectHeader {
  const token = randomBytes(TOKEN_BYTES).toString('hex')
  return { token, length: bytes.length, inline: bytes.length <= INLINE_BYTES_MAX ? bytes : undefined }
}

export function encodeHeader({ token, length, inline }: ObjectHeader): Uint8Array {
  const fixed = Buffer.alloc(FIXED_BYTES)
  fixed[0] = FORM
  fixed.write(token, 1, 'hex')
  fixed.writeBigUInt64BE(BigInt(length), 1 + TOKEN_BYTES)
  return inline === undefined ? fixed : Buffer.concat([fixed, inline])
}

export function decodeHeader(path: string, value: Uint8Array): ObjectHeader {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  if (bytes.length < FIXED_BYTES || bytes[0] !== FORM) {
    throw new ProcessError('Corrupt', `The entry of "${path}" was not written by this version of Malstrom.`)
  }
  const length = Number(bytes.readBigUInt64BE(1 + TOKEN_BYTES))
  const isInline = length <= INLINE_BYTES_MAX
  if (isInline && bytes.length !== FIXED_BYTES + length) throw new ProcessError('Corrupt', `The entry of "${path}" is cut off.`)
  return { token: bytes.toString('hex', 1, 1 + TOKEN_BYTES), length, inline: isInline ? bytes.subarray(FIXED_BYTES) : undefined }
}
