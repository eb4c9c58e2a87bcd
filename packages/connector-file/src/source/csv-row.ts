/**
 * The record of one CSV row: the properties `names` with the values `fields`. The names come from a
 * file, so they never become code, and a column called `__proto__` is refused before.
 */
export function rowOf(names: readonly string[], fields: readonly string[]): Record<string, string> {
  const row: Record<string, string> = {}
  for (let i = 0; i < names.length; i++) row[names[i] as string] = fields[i] as string
  return row
}
