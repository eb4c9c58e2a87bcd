import { MalstromError, messageOf, type Outcome } from '@malstrom/core'
import { systemCode } from './disk-files.ts'

export function conflictError(path: string): MalstromError {
  return new MalstromError(
    'ERR_STORE_CONFLICT',
    `The object "${path}" is not as expected: somebody else has written it. Nothing was changed.`,
  )
}

export function closedError(scope: string): MalstromError {
  return new MalstromError('ERR_STORE_CLOSED', `The store of "${scope}" is closed. Open it again.`)
}

export function damagedError(file: string): MalstromError {
  return new MalstromError('ERR_STORE', `The file ${file} is cut off. Check the disk, and restore the file from a backup.`, {
    context: { path: file },
  })
}

/** A writer that was stopped for so long that it cannot tell whether its write was overtaken or refused. */
export function unclearError(path: string, directory: string): MalstromError {
  return new MalstromError(
    'ERR_STORE',
    `Others have replaced or deleted "${path}" in ${directory} while it was written. Read it to see whether this write was among them.`,
    { context: { path: directory }, outcome: 'unknown' },
  )
}

const MAY_NOT = 'Give this user the right to read and write there, or choose another directory.'
const NO_LINKS = 'Choose a directory on a local disk: the file system must have hard links.'

const advice: Readonly<Record<string, string>> = {
  EACCES: MAY_NOT,
  EPERM: `${MAY_NOT} On a local disk: the file system must have hard links.`,
  ENOTSUP: NO_LINKS,
  EOPNOTSUPP: NO_LINKS,
  ENOSYS: NO_LINKS,
  EROFS: 'The file system is read-only; choose another directory.',
  ENOSPC: 'The disk is full. Free some space; what was stored before is intact.',
  EDQUOT: 'The quota of this user is used up. Free some space; what was stored before is intact.',
  ENOTDIR: 'A part of the path is a file. Choose another directory.',
  EEXIST: 'A part of the path is a file. Choose another directory.',
  ENAMETOOLONG:
    'A part of the path is too long: names of files have up to 255 bytes, of which anything but a-z, 0-9, "-", "_" and "." takes three.',
  EFBIG: 'A file would be larger than this user may write; raise the limit (ulimit -f).',
  EMFILE: 'Too many files are open; raise the limit (ulimit -n).',
  ENFILE: 'Too many files are open on this machine; close some.',
}

/** What went wrong with a directory, and what to do. */
export function diskError(directory: string, what: string, error: unknown, outcome: Outcome): MalstromError {
  const code = systemCode(error)
  const how = (code === undefined ? undefined : advice[code]) ?? `${messageOf(error)}. Check the disk.`
  return new MalstromError('ERR_STORE', `The state in ${directory} cannot be used (${code ?? 'error'}, while trying to ${what}). ${how}`, {
    cause: error,
    context: { path: directory },
    outcome,
  })
}

/** The order of UTF-8 bytes, which is that of code points. */
export function byteOrder(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
