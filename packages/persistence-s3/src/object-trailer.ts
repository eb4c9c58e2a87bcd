import { randomBytes } from 'node:crypto'
import { MalstromError } from '@malstrom/core'

/** Tells objects of Malstrom from others, and later forms of them from this one. */
const MARK = Buffer.from('MSO1')

const TOKEN_BYTES = 12

export const TRAILER_BYTES = TOKEN_BYTES + MARK.length

/** The range of an object that the trailer is. */
export const TRAILER_RANGE = `bytes=-${TRAILER_BYTES}`

/**
 * What follows the content of every object: a random token and a mark. S3 derives ETags from bytes, so that without the token the same
 * content written again would have the same ETag, and an object that went from A to B and back to A would seem unchanged. The token
 * also tells a writer whose answer was lost that what is there is its own write.
 */
export function newTrailer(): Buffer {
  return Buffer.concat([randomBytes(TOKEN_BYTES), MARK])
}

/** The content in front of the trailer. @throws MalstromError `ERR_DATA_CORRUPT` */
export function contentOf(body: Buffer, where: string): Uint8Array {
  if (body.length >= TRAILER_BYTES && body.subarray(-MARK.length).equals(MARK)) return body.subarray(0, -TRAILER_BYTES)
  throw new MalstromError(
    'ERR_DATA_CORRUPT',
    `${where} is cut off or was not written by Malstrom. Use a prefix that nothing else writes to.`,
    {
      context: { path: where },
    },
  )
}
