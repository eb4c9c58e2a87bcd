/** The value with what JSON cannot say put into texts and plain objects. */
export function printable(value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString()
  if (value instanceof Map) return { Map: [...value].map(([key, entry]) => [printable(key), printable(entry)]) }
  if (value instanceof Set) return { Set: [...value].map(printable) }
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString('hex') }
  if (Array.isArray(value)) return value.map(printable)
  return Object.fromEntries(Object.entries(value).map(([name, property]) => [name, printable(property)]))
}
