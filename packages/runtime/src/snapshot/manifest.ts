import { MalstromError } from '@malstrom/core'
import { decodeValue, encodeValue } from '../codec/columns.ts'
import { damaged, sealed, unsealed } from './checksum.ts'
import type { Snapshot } from './snapshot.ts'

const FORMAT = 2

/** A snapshot as one object: everything but the states per key, and where those are. */
export function encodeManifest(snapshot: Snapshot): Uint8Array {
  try {
    return sealed(encodeValue({ format: FORMAT, snapshot }))
  } catch (error) {
    if (!(error instanceof MalstromError)) throw error
    throw new MalstromError(error.code, `A position, a frontier or the state of a sink cannot be saved: ${error.message}`)
  }
}

/** @throws MalstromError `ERR_SNAPSHOT_CORRUPT` */
export function decodeManifest(bytes: Uint8Array, what: string): Snapshot {
  const [piece, ...more] = unsealed(bytes, what)
  if (piece === undefined || more.length > 0) throw damaged(what, 'it is not one piece')
  const { format, snapshot } = decodeValue(piece) as { format: number; snapshot: Snapshot }
  if (format !== FORMAT) {
    throw new MalstromError(
      'ERR_STATE_LOCATION',
      `${what} has the format ${format}; this version of Malstrom reads format ${FORMAT}. Update Malstrom.`,
    )
  }
  return snapshot
}
