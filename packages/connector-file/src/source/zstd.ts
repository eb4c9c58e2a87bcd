import { Readable } from 'node:stream'
import { Decompress } from 'fzstd'

/** The decoder gets this much at a time: a few packed bytes can unpack to a block of 128 KiB, and all blocks come at once. */
const SLICE_BYTES = 1024

/** What zstd has packed. Node can unpack it too, from 22.15 on, but stops without an error after the first of several frames. */
export function zstdDecompressed(packed: Readable): Readable {
  return Readable.from(unpack(packed), { objectMode: false })
}

async function* unpack(packed: Readable): AsyncGenerator<Uint8Array> {
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
