import { MalstromError } from '@malstrom/core'

/** In UTF-8. The keys of a database are kept in memory, so they must not be long. */
const PATH_BYTES_MAX = 1_024

/** Half of a surrogate pair, which has no UTF-8. */
const HALF_CHARACTER = /\p{Surrogate}/u

/** A path has parts with `/` between them; no part is empty, `.` or `..`. */
export function checkPath(path: string): void {
  const parts = typeof path === 'string' ? path.split('/') : []
  const isPath = parts.length > 0 && parts.every((part) => part !== '' && part !== '.' && part !== '..')
  if (isPath && !HALF_CHARACTER.test(path) && Buffer.byteLength(path) <= PATH_BYTES_MAX) return
  throw new MalstromError(
    'ERR_STORE',
    `${JSON.stringify(path).slice(0, 80)} is no path of an object: it has parts of at least one character with "/" between them, none of them "." or "..", no half characters, and at most ${PATH_BYTES_MAX} bytes.`,
  )
}

/** A scope is one part of a path. */
export function checkScope(scope: string): void {
  checkPath(scope)
  if (scope.includes('/')) throw new MalstromError('ERR_STORE', `The scope ${JSON.stringify(scope)} must not contain "/".`)
}
