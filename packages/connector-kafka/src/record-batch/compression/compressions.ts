import { didYouMean, MalstromError } from '@malstrom/core'
import type { Compression, CompressionName } from './compression.ts'
import { gzip } from './gzip.ts'
import { lz4 } from './lz4.ts'
import { snappy } from './snappy.ts'
import { zstd } from './zstd.ts'

const none: Compression = { name: 'none', id: 0, compress: (bytes) => bytes, decompress: (bytes) => bytes }

/** At the index of their id. */
const COMPRESSIONS: readonly Compression[] = [none, gzip, snappy, lz4, zstd]

/** Throws `ERR_OPERATOR_ARGUMENT` for a name that is none. */
export function compressionOf(name: CompressionName): Compression {
  const found = COMPRESSIONS.find((compression) => compression.name === name)
  if (found !== undefined) return found
  const names = COMPRESSIONS.map((compression) => compression.name)
  throw new MalstromError(
    'ERR_OPERATOR_ARGUMENT',
    `"${name}" is no compression.${didYouMean(String(name), names)} There is ${names.join(', ')}.`,
  )
}

export function compressionById(id: number): Compression | undefined {
  return COMPRESSIONS[id]
}
