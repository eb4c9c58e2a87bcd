import { dirname } from 'node:path'
import { DirectorySync } from './directory-sync.ts'
import { type DiskFiles, ifThere, systemCode } from './disk-files.ts'

/** Directories that are known to be there, so that not every write has to make sure. */
const KNOWN_MAX = 1_000

/** The directories below one root: made when they are needed, removed when they are empty, and brought to the disk. */
export class Directories {
  readonly #root: string
  readonly #files: DiskFiles
  readonly #sync: DirectorySync
  readonly #known = new Set<string>()

  constructor(root: string, files: DiskFiles) {
    this.#root = root
    this.#files = files
    this.#sync = new DirectorySync(files)
  }

  /** Makes a directory; what leads to it is on the disk when this resolves. */
  async make(directory: string): Promise<void> {
    if (this.#known.has(directory)) return
    const made = await this.#files.makeDirectory(directory)
    const syncs: Promise<void>[] = []
    // Another process may have made some of them a moment ago, so all count as new; above the root only those that are.
    const isNew = (path: string) => path.length > this.#root.length || (made !== undefined && path.length >= made.length)
    for (let path = directory; isNew(path); path = dirname(path)) syncs.push(this.#sync.sync(dirname(path)))
    await Promise.all(syncs)
    if (this.#known.size >= KNOWN_MAX) this.#known.clear()
    this.#known.add(directory)
  }

  /** To be called when a directory that was made turns out to be gone. */
  forget(directory: string): void {
    this.#known.delete(directory)
  }

  /** Resolves when all names that are in the directory now are on the disk. */
  async sync(directory: string): Promise<void> {
    await ifThere(this.#sync.sync(directory))
  }

  /** Removes a directory if it is empty, and those above it that become so, but not `top`. */
  async removeEmpty(directory: string, top: string): Promise<void> {
    for (let path = directory; path.length > top.length; path = dirname(path)) {
      this.forget(path)
      try {
        await ifThere(this.#files.removeDirectory(path))
      } catch (error) {
        if (['ENOTEMPTY', 'EEXIST'].includes(systemCode(error) ?? '')) return
        throw error
      }
    }
  }
}
