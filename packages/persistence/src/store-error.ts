import { MalstromError } from '@malstrom/core'

export function conflictError(path: string): MalstromError {
  return new MalstromError(
    'ERR_STORE_CONFLICT',
    `The object "${path}" is not as expected: somebody else has written it. Nothing was changed.`,
  )
}

export function closedError(scope: string): MalstromError {
  return new MalstromError('ERR_STORE_CLOSED', `The store of "${scope}" is closed. Open it again.`)
}

const advice: Readonly<Record<string, string>> = {
  EACCES: 'Give this user the right to read and write there, or choose another directory.',
  EPERM: 'Give this user the right to read and write there, or choose another directory.',
  EROFS: 'The file system is read-only; choose another directory.',
  ENOSPC: 'The disk is full. Free some space; what was stored before is intact.',
  EDQUOT: 'The quota of this user is used up. Free some space; what was stored before is intact.',
  ENOTDIR: 'A part of the path is a file. Choose another directory.',
  EEXIST: 'A part of the path is a file. Choose another directory.',
  EMFILE: 'Too many files are open; raise the limit (ulimit -n).',
}

/** What went wrong with a directory, and what to do. */
export function diskError(directory: string, what: string, error: unknown, outcome: 'failed' | 'unknown'): MalstromError {
  if (error instanceof MalstromError) return error
  const { code, message } = error as NodeJS.ErrnoException
  const how = code === undefined ? message : (advice[code] ?? `${message}.`)
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
