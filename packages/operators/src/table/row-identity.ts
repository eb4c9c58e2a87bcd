/**
 * The same for two rows that are equal by value, also when one of them has been in a snapshot since. Plain objects
 * are equal if they have the same members, in whatever order; -0 is 0.
 */
export function rowIdentity(row: unknown): unknown {
  return typeof row === 'string' ? `"${row}` : typeof row === 'object' && row !== null ? textOf(row) : row
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value !== 'object' || value === null) return String(value)
  if (value instanceof Date) return `Date(${value.getTime()})`
  if (Array.isArray(value)) return `[${value.map(textOf).join()}]`
  if (value instanceof Map) return `Map(${[...value].map(textOf).join()})`
  if (value instanceof Set) return `Set(${[...value].map(textOf).join()})`
  if (ArrayBuffer.isView(value))
    return `${value.constructor.name}(${[...new Uint8Array(value.buffer, value.byteOffset, value.byteLength)]})`
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${textOf(member)}`).join()}}`
}
