/** What is dropped from the beginning of a stream when entries are added. */
export type RedisTrim =
  /** Keeps the last so many entries; some more unless `exact`, which costs the server time. */
  | { readonly maxLength: number; readonly exact?: boolean }
  /** Keeps about the entries of the last so many milliseconds. */
  | { readonly maxAgeMs: number }

/** The arguments of XADD. */
export function trimArguments(trim: RedisTrim | undefined): readonly string[] {
  if (trim === undefined) return []
  if ('maxAgeMs' in trim) return ['MINID', '~', String(Math.max(0, Date.now() - trim.maxAgeMs))]
  return ['MAXLEN', trim.exact === true ? '=' : '~', String(trim.maxLength)]
}
