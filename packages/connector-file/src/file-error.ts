import { type ErrorContext, MalstromError, messageOf } from '@malstrom/core'

/** Turns what `node:fs` threw into an `ERR_FILE` that names the path and says what to do. */
export function fileError(use: 'read' | 'written', path: string, cause: unknown, context: ErrorContext = {}): MalstromError {
  if (cause instanceof MalstromError) return cause
  return new MalstromError('ERR_FILE', `The file "${path}" cannot be ${use}: ${explain(use, cause)}`, {
    cause,
    context: { ...context, path },
  })
}

/** The `code` of a system error, such as `ENOENT`. */
export function systemCode(thrown: unknown): string | undefined {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined
}

const IS_A_DIRECTORY = 'it is a directory. Name the files in it.'
const IN_A_FILE = 'a part of its path is a file, not a directory. Check the path.'

function explain(use: 'read' | 'written', cause: unknown): string {
  switch (systemCode(cause)) {
    case 'ENOENT':
      return `there is no such file${use === 'written' ? ', and none can be made' : ''}. Check the path; relative paths start at ${process.cwd()}.`
    case 'EEXIST':
      return (cause as NodeJS.ErrnoException).syscall === 'mkdir' ? IN_A_FILE : IS_A_DIRECTORY
    case 'EISDIR':
      return IS_A_DIRECTORY
    case 'ENOTDIR':
      return IN_A_FILE
    case 'EACCES':
    case 'EPERM':
      return `permission denied. Give the user that runs this process the right to ${use === 'read' ? 'read' : 'write'} it.`
    case 'EMFILE':
    case 'ENFILE':
      return 'too many files are open. Raise the limit (ulimit -n), or use fewer files at once.'
    case 'ENOSPC':
    case 'EDQUOT':
      return 'the disk is full. Free some space and start the job again.'
    default:
      return `${messageOf(cause)}.`
  }
}
