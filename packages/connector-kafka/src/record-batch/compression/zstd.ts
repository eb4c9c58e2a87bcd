import { createRequire } from 'node:module'
import zlib from 'node:zlib'
import { MalstromError, messageOf } from '@malstrom/core'
import { type Compression, damaged, tooLong } from './compression.ts'
import { hasCode } from './gzip.ts'

/** What `node:zlib` has from Node 22.15 on. */
interface ZstdOfNode {
  readonly zstdCompressSync?: (bytes: Uint8Array) => Uint8Array
  readonly zstdDecompressSync?: (bytes: Uint8Array, options: { readonly maxOutputLength: number }) => Uint8Array
}

export const zstd: Compression = zstdWith(zlib as ZstdOfNode, createRequire(import.meta.url))

/** Zstandard by Node or, to read, by the optional package fzstd. */
export function zstdWith(node: ZstdOfNode, require: (id: string) => unknown): Compression {
  const { zstdCompressSync, zstdDecompressSync } = node
  return {
    name: 'zstd',
    id: 4,
    compress(bytes) {
      if (zstdCompressSync !== undefined) return zstdCompressSync(bytes)
      const problem = `Node ${process.versions.node} cannot write zstd. Use Node 22.15 or later, or another compression.`
      throw new MalstromError('ERR_DEPENDENCY_MISSING', problem)
    },
    decompress(bytes, bytesMax) {
      if (zstdDecompressSync === undefined) return decompressWithFzstd(require, bytes, bytesMax)
      try {
        return zstdDecompressSync(bytes, { maxOutputLength: bytesMax })
      } catch (thrown) {
        throw hasCode(thrown, 'ERR_BUFFER_TOO_LARGE') ? tooLong('zstd', bytesMax) : damaged('zstd', messageOf(thrown))
      }
    },
  }
}

interface Fzstd {
  readonly Decompress: new (take: (chunk: Uint8Array) => void) => { push(bytes: Uint8Array, final: boolean): void }
}

/** What fzstd is given at once: it unpacks a piece before the next one is asked for, so the bound holds. */
const PIECE_BYTES = 16 * 1024

function decompressWithFzstd(require: (id: string) => unknown, bytes: Uint8Array, bytesMax: number): Uint8Array {
  const { Decompress } = loadFzstd(require)
  const chunks: Uint8Array[] = []
  let length = 0
  const stream = new Decompress((chunk) => {
    length += chunk.length
    if (length > bytesMax) throw tooLong('zstd', bytesMax)
    chunks.push(chunk.slice())
  })
  if (bytes.length === 0) throw damaged('zstd', 'there is nothing')
  try {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      stream.push(bytes.subarray(at, at + PIECE_BYTES), at + PIECE_BYTES >= bytes.length)
    }
  } catch (thrown) {
    throw thrown instanceof MalstromError ? thrown : damaged('zstd', messageOf(thrown))
  }
  return Buffer.concat(chunks, length)
}

function loadFzstd(require: (id: string) => unknown): Fzstd {
  try {
    return require('fzstd') as Fzstd
  } catch (cause) {
    const problem = `A batch is compressed with zstd, which Node ${process.versions.node} reads with the help of fzstd. Install it next to the job: npm install fzstd. Node 22.15 and later need nothing.`
    throw new MalstromError('ERR_DEPENDENCY_MISSING', problem, { cause })
  }
}
