import { MalstromError } from '@malstrom/core'

/** What S3 allows a key to have, in UTF-8. */
const KEY_BYTES_MAX = 1_024

/** Half of a surrogate pair, which has no UTF-8. */
const HALF_CHARACTER = /\p{Surrogate}/u

/** A path has parts with `/` between them; no part is empty, `.` or `..`. */
export function checkPath(path: string): void {
  const parts = typeof path === 'string' ? path.split('/') : []
  if (parts.length > 0 && !HALF_CHARACTER.test(path) && parts.every((part) => part !== '' && part !== '.' && part !== '..')) return
  throw new MalstromError(
    'ERR_STORE',
    `${JSON.stringify(path)} is no path of an object: it has parts of at least one character with "/" between them, none of them "." or "..", and no half characters.`,
  )
}

/** A scope is one part of a path. */
export function checkScope(scope: string): void {
  checkPath(scope)
  if (scope.includes('/')) throw new MalstromError('ERR_STORE', `The scope ${JSON.stringify(scope)} must not contain "/".`)
}

/** The key of an object: the folder of its scope, and its path. */
export function keyOf(folder: string, path: string): string {
  checkPath(path)
  const key = `${folder}${path}`
  const bytes = Buffer.byteLength(key)
  if (bytes <= KEY_BYTES_MAX) return key
  throw new MalstromError('ERR_STORE', `The key "${key.slice(0, 80)}..." has ${bytes} bytes; S3 allows ${KEY_BYTES_MAX}. Shorten it.`)
}
