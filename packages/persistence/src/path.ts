import { MalstromError } from '@malstrom/core'

const PATH_BYTES_MAX = 1_024

const UNPAIRED_SURROGATE = /\p{Surrogate}/u

/** A path has parts with `/` between them; no part is empty, `.` or `..`. */
export function checkPath(path: string): void {
  const isPath = typeof path === 'string' && path.split('/').every(isPart)
  if (isPath && Buffer.byteLength(path) <= PATH_BYTES_MAX && !UNPAIRED_SURROGATE.test(path)) return
  const shown = typeof path === 'string' && path.length > 80 ? `${path.slice(0, 80)}...` : path
  throw new MalstromError(
    'ERR_STORE',
    `${JSON.stringify(shown)} is no path of an object: it has parts of at least one character with "/" between them, none of them "." or "..", no half characters, and at most ${PATH_BYTES_MAX} bytes.`,
  )
}

/** Whether this can be a part of a path. */
export function isPart(part: string): boolean {
  return part !== '' && part !== '.' && part !== '..'
}

/** A scope is one part of a path. */
export function checkScope(scope: string): void {
  checkPath(scope)
  if (scope.includes('/')) throw new MalstromError('ERR_STORE', `The scope ${JSON.stringify(scope)} must not contain "/".`)
}

/**
 * A part of a path as a file name that is the same everywhere: `a` to `z`, digits, `-`, `_` and `.` stay, other bytes become `%xx`.
 * Upper case too, because there are file systems that do not tell it from lower case, and others that compose accents.
 */
export function fileNameOf(part: string): string {
  let name = ''
  for (const byte of new TextEncoder().encode(part)) {
    const character = String.fromCharCode(byte)
    name += /[a-z0-9_.-]/.test(character) ? character : `%${byte.toString(16).padStart(2, '0')}`
  }
  return name
}

/** The part of a path that has this file name. */
export function partOf(fileName: string): string {
  const bytes: number[] = []
  for (let at = 0; at < fileName.length; at++) {
    if (fileName[at] === '%') {
      bytes.push(Number.parseInt(fileName.slice(at + 1, at + 3), 16))
      at += 2
    } else bytes.push(fileName.charCodeAt(at))
  }
  return new TextDecoder().decode(Uint8Array.from(bytes))
}
