import { type Dirent, promises } from 'node:fs'
import { join } from 'node:path'
import { MalstromError } from '@malstrom/core'
import { fileError, systemCode } from '../file-error.ts'
import { globMatcher } from './glob.ts'

/** Files that are looked for whenever the partitions of a source are asked for. */
export interface FileSet {
  /** The paths there are now, in order. */
  list(): Promise<readonly string[]>
}

export interface FilesInOptions {
  /**
   * Which files: a pattern of `*`, `?`, `[abc]`, `{a,b}`, and `**` for folders in between; or a function.
   * Both get the path below the folder, with `/`. Names that begin with a dot only match a pattern that says so.
   * @default '*', or '**' if `recursive`
   */
  readonly match?: string | ((path: string) => boolean)
  /** Look into folders in the folder. @default true for a pattern that contains `/` or `**`, else false */
  readonly recursive?: boolean
}

/**
 * The files in a folder, for `textFile`, `ndjsonFile` and `csvFile`: each is a partition. With `follow: true`, new ones are
 * found while the job runs.
 *
 * The path names the partition, so a file that is renamed and still matches is read again under its new name: match
 * `app.log` and not `app.log*` where logs are rotated. A file should come into the folder by a rename, or be followed.
 */
export function filesIn(folder: string, options: FilesInOptions = {}): FileSet {
  if (typeof folder !== 'string' || folder === '') throw argumentError(`${JSON.stringify(folder)} is not a path`)
  const { match = options.recursive === true ? '**' : '*' } = options
  if (typeof match !== 'function' && typeof match !== 'string') throw argumentError('match is neither a pattern nor a function')
  const recursive = options.recursive ?? (typeof match === 'string' && /\/|\*\*/.test(match))
  return new Folder(folder, typeof match === 'function' ? match : globMatcher(match), recursive)
}

class Folder implements FileSet {
  readonly #folder: string
  readonly #matches: (path: string) => boolean
  readonly #recursive: boolean

  constructor(folder: string, matches: (path: string) => boolean, recursive: boolean) {
    this.#folder = folder
    this.#matches = matches
    this.#recursive = recursive
  }

  async list(): Promise<readonly string[]> {
    const paths: string[] = []
    await this.#collect('', paths)
    return paths.sort()
  }

  async #collect(below: string, paths: string[]): Promise<void> {
    for (const entry of await this.#entriesOf(below)) {
      const path = `${below}${entry.name}`
      const kind = await this.#kindOf(path, entry)
      if (kind === 'file' && this.#matches(path)) paths.push(join(this.#folder, path))
      else if (kind === 'folder' && this.#recursive) await this.#collect(`${path}/`, paths)
    }
  }

  async #entriesOf(below: string): Promise<Dirent[]> {
    const folder = join(this.#folder, below)
    try {
      return await promises.readdir(folder, { withFileTypes: true })
    } catch (thrown) {
      if (below !== '' && systemCode(thrown) === 'ENOENT') return [] // Removed meanwhile.
      const notFolder =
        systemCode(thrown) === 'ENOTDIR' ? new Error('it is no folder. Name the folder that the files are in', { cause: thrown }) : thrown
      throw fileError('read', folder, notFolder)
    }
  }

  async #kindOf(path: string, entry: Dirent): Promise<'file' | 'folder' | undefined> {
    if (entry.isFile()) return 'file'
    if (entry.isDirectory()) return 'folder'
    if (!entry.isSymbolicLink()) return undefined
    try {
      // Links to folders are left alone: they may lead round in a circle.
      return (await promises.stat(join(this.#folder, path))).isFile() ? 'file' : undefined
    } catch (thrown) {
      if (systemCode(thrown) === 'ENOENT') return undefined
      throw fileError('read', join(this.#folder, path), thrown)
    }
  }
}

function argumentError(problem: string): MalstromError {
  return new MalstromError('ERR_OPERATOR_ARGUMENT', `filesIn: ${problem}.`)
}
