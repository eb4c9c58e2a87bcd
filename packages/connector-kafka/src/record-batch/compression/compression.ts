import { MalstromError } from '@malstrom/core'

/** How the records of a batch are made smaller. `zstd` needs Node 22.15 or later to write. */
export type CompressionName = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

export interface Compression {
  readonly name: CompressionName
  /** In the lowest bits of the attributes of a batch. */
  readonly id: number
  compress(bytes: Uint8Array): Uint8Array
  /** Throws rather than give more than `bytesMax`, or anything but what was compressed. Never loops on damaged input. */
  decompress(bytes: Uint8Array, bytesMax: number): Uint8Array
}

export function damaged(name: CompressionName, what: string): MalstromError {
  return new MalstromError('ERR_DATA_CORRUPT', `Data that says it is compressed with ${name} is not: ${what}.`)
}

export function tooLong(name: CompressionName, bytesMax: number): MalstromError {
  return new MalstromError(
    'ERR_RECORD_TOO_LARGE',
    `A batch that is compressed with ${name} has more than ${bytesMax} bytes when it is unpacked.`,
  )
}
