import { gunzipSync, gzipSync } from 'node:zlib'
import { messageOf } from '@malstrom/core'
import { type Compression, damaged, tooLong } from './compression.ts'

export const gzip: Compression = {
  name: 'gzip',
  id: 1,
  compress: (bytes) => gzipSync(bytes),
  decompress(bytes, bytesMax) {
    try {
      return gunzipSync(bytes, { maxOutputLength: bytesMax })
    } catch (thrown) {
      throw hasCode(thrown, 'ERR_BUFFER_TOO_LARGE') ? tooLong('gzip', bytesMax) : damaged('gzip', messageOf(thrown))
    }
  },
}

/** What `node:zlib` throws says in its `code` what is wrong. */
export function hasCode(thrown: unknown, code: string): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === code
}
