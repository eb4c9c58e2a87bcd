import { pipeline, Readable, type Transform } from 'node:stream'
import * as zlib from 'node:zlib'
import { MalstromError, messageOf } from '@malstrom/core'

/** The decoder gets this much at a time: a few packed bytes can unpack to a block of 128 KiB, and all blocks come at once. */
const SLICE_BYTES = 1024

/** Unpacks with Node if it can (from 22.15 on), else with the package `fzstd`. */
export async function zstdDecompressed(packed: Readable): Promise<Readable> {
  const { createZstdDecompress } = zlib as { createZstdDecompress?: () => Transform }
  if (createZstdDecompress !== undefined) return pipeline(packed, createZstdDecompress(), () => {})
  const Decompress = await decoderOfPackage()
  return Readable.from(unpack(packed, Decompress), { objectMode: false })
}

type Decoder = new (onBytes: (bytes: Uint8Array) => void) => { push(bytes: Uint8Array, isLast?: boolean): void }

async function* unpack(packed: Readable, Decompress: Decoder): AsyncGenerator<Uint8Array> {
  let unpacked: Uint8Array[] = []
  const decoder = new Decompress((bytes) => bytes.length > 0 && unpacked.push(bytes))
  for await (const chunk of packed as AsyncIterable<Buffer>) {
    for (let at = 0; at < chunk.length; at += SLICE_BYTES) {
      decoder.push(chunk.subarray(at, at + SLICE_BYTES))
      yield* unpacked
      unpacked = []
    }
  }
  decoder.push(new Uint8Array(0), true)
  yield* unpacked
}

async function decoderOfPackage(): Promise<Decoder> {
  try {
    const { Decompress } = await import('fzstd')
    return Decompress
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND'
    const how = missing ? 'Install it: npm install fzstd; or use Node 22.15 or newer' : messageOf(cause)
    throw new MalstromError('ERR_DEPENDENCY_MISSING', `A zstd file needs the package fzstd. ${how}.`, { cause })
  }
}
