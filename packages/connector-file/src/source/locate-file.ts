import type { ErrorContext } from '@malstrom/core'
import { compressionOf } from './compressed-input.ts'
import { type FileSettings, lostError } from './file-options.ts'
import { FILE_START, type FilePosition } from './file-position.ts'
import { beginsAs, findRenamed, isSameFile, type OpenFile, openFile, openFileIfThere } from './open-file.ts'

/** Where reading goes on. */
export interface LocatedFile {
  /** `undefined` if there is nothing to read now. */
  readonly file: OpenFile | undefined
  readonly start: FilePosition
  /** False if another file has the path by now, which is read after this one. */
  readonly hasPath: boolean
}

/**
 * Finds the file that `state` is a position of, also if it was renamed within its folder. Throws `ERR_FILE` if what
 * was not read of it is gone, and what the system says if a file cannot be opened.
 */
export async function locateFile(
  path: string,
  state: FilePosition | undefined,
  settings: FileSettings,
  context: ErrorContext,
): Promise<LocatedFile> {
  if (state === undefined) return { file: await openFile(path), start: FILE_START, hasPath: true }
  const file = await openFileIfThere(path)
  try {
    if (file !== undefined && isWhere(file, state)) return { file, start: state, hasPath: true }
    const renamed = state.file === undefined ? undefined : await findRenamed(path, state.file)
    if (renamed !== undefined && renamed.handle !== file?.handle && reaches(renamed, state)) {
      await file?.handle.close()
      return { file: renamed, start: state, hasPath: false }
    }
    await renamed?.handle.close()
    // Restored from a copy: another inode, and the same beginning.
    if (file !== undefined && state.file !== undefined && beginsAs(file, state.file) && reaches(file, state))
      return { file, start: state, hasPath: true }
    if (file === undefined && state.finished === true) return { file, start: state, hasPath: true }
    // Nothing of the old one was left to read.
    if (state.finished === true) return { file, start: { ...FILE_START, index: state.index }, hasPath: true }
    if (settings.onLost === 'fail') throw lostError(path, whatIsLost(file, state), context)
    return { file, start: { ...FILE_START, index: state.index }, hasPath: true }
  } catch (thrown) {
    await file?.handle.close()
    throw thrown
  }
}

/** Whether `file` is the one that `state` is a position of, as far as that can be told. */
function isWhere(file: OpenFile, state: FilePosition): boolean {
  if (state.file === undefined) return state.offset === 0 || reaches(file, state)
  return isSameFile(file, state.file) && reaches(file, state)
}

/** Whether the position can be in `file`. That of a compressed file is found out by unpacking it. */
function reaches(file: OpenFile, { offset }: FilePosition): boolean {
  if (file.inode === undefined) return offset === 0
  return compressionOf(file) !== undefined || file.size >= offset
}

function whatIsLost(file: OpenFile | undefined, state: FilePosition): string {
  if (file === undefined) return `it is gone, and the job has read ${state.offset} bytes of it, but not to its end.`
  if (file.inode === undefined) return 'it has been read in part, and only a regular file can be continued.'
  if (file.size < state.offset && (state.file === undefined || file.inode === state.file.inode))
    return `the job has read ${state.offset} bytes of it, but it has only ${file.size}.`
  return `it is another file than the one that the job has read ${state.offset} bytes of, and that one is no longer in its folder.`
}
