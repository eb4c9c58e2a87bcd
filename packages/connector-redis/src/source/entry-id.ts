/** Entry ids are `<milliseconds>-<sequence>`, two unsigned 64-bit numbers: more than a number can hold, so they stay texts. */
export type EntryId = string

/** Below every entry. */
export const FIRST_ID: EntryId = '0-0'

const ID = /^(\d{1,20})(?:-(\d{1,20}))?$/
const UINT64_MAX = 2n ** 64n - 1n

/** The id in its full form, `5` as `5-0`; `undefined` if it is none. */
export function parseEntryId(text: string): EntryId | undefined {
  const [, milliseconds, sequence = '0'] = ID.exec(text) ?? []
  if (milliseconds === undefined) return undefined
  const parts = [BigInt(milliseconds), BigInt(sequence)]
  return parts.some((part) => part > UINT64_MAX) ? undefined : parts.join('-')
}

/** Negative, zero or positive, as for `Array.prototype.sort`. */
export function compareEntryIds(a: EntryId, b: EntryId): number {
  if (a === b) return 0
  const [aDash, bDash] = [a.indexOf('-'), b.indexOf('-')]
  return compareDigits(a.slice(0, aDash), b.slice(0, bDash)) || compareDigits(a.slice(aDash + 1), b.slice(bDash + 1))
}

/** The milliseconds of an id. */
export function entryTime(id: EntryId): number {
  return Number.parseInt(id, 10)
}

/** The largest id before `id`: reading after it begins with `id`. */
export function entryIdBefore(id: EntryId): EntryId {
  const [milliseconds = 0n, sequence = 0n] = id.split('-').map(BigInt)
  if (sequence > 0n) return `${milliseconds}-${sequence - 1n}`
  return milliseconds === 0n ? FIRST_ID : `${milliseconds - 1n}-${UINT64_MAX}`
}

/** Redis writes numbers without leading zeros, so the longer one is larger. */
function compareDigits(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0)
}
