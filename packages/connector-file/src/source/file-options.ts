import { type ErrorContext, MalstromError } from '@malstrom/core'

export interface FileOptions {
  /**
   * Wait at the end of a file for what is appended, as `tail -F` does, and go on with the file that
   * comes to have its path after a rotation. A line counts when its line end is there. Compressed
   * files are not followed.
   * @default false
   */
  readonly follow?: boolean
  /**
   * How often a file that is followed is looked at while nothing comes, in milliseconds.
   * @default 100
   */
  readonly pollIntervalMs?: number
  /**
   * What to do if the part of a file that was not read yet is gone, because the file was truncated,
   * replaced or removed. `fail`: an `ERR_FILE` that says so. `start-over`: read what has the path now
   * from its beginning.
   * @default 'fail'
   */
  readonly onLost?: 'fail' | 'start-over'
}

export type FileSettings = Required<FileOptions>

const POLL_INTERVAL_MS = 100
/** The longest delay of a timer. */
const TIMER_MS_MAX = 2 ** 31 - 1

export function fileSettings(owner: string, options: FileOptions): FileSettings {
  const { follow = false, pollIntervalMs = POLL_INTERVAL_MS, onLost = 'fail' } = options
  if (typeof follow !== 'boolean') throw argumentError(owner, `follow is ${String(follow)}. Give true or false.`)
  if (!(Number.isInteger(pollIntervalMs) && pollIntervalMs > 0 && pollIntervalMs <= TIMER_MS_MAX))
    throw argumentError(owner, `pollIntervalMs is ${pollIntervalMs}. Give a whole number of milliseconds above 0.`)
  if (onLost !== 'fail' && onLost !== 'start-over') throw argumentError(owner, `onLost is ${String(onLost)}. Give 'fail' or 'start-over'.`)
  return { follow, pollIntervalMs, onLost }
}

/** What was not read of the file at `path` is gone. */
export function lostError(path: string, problem: string, context: ErrorContext): MalstromError {
  const hint = `Restore the file, start the job without its saved state, or pass onLost: 'start-over' to read what is there from its beginning.`
  return new MalstromError('ERR_FILE', `The file "${path}" cannot be read: ${problem} ${hint}`, { context: { ...context, path } })
}

function argumentError(owner: string, problem: string): MalstromError {
  return new MalstromError('ERR_OPERATOR_ARGUMENT', `${owner}: ${problem}`)
}
