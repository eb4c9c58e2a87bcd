import { MalstromError } from '@malstrom/core'

/** A record that comes out of a source has no valid timestamp. Whoever calls it names the source. */
export function rejectTimestamp(timestamp: unknown): never {
  throw new MalstromError('ERR_TIMESTAMP_INVALID', `${String(timestamp)} is no timestamp. Repair or drop such records in the source.`)
}
