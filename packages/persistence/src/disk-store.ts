import { randomBytes } from 'node:crypto'
import { dirname, join } from 'node:path'
import type { ETag, ObjectStore } from '@malstrom/core'
import type { DirectorySync } from './directory-sync.ts'
import type { DiskFiles } from './disk-files.ts'
import { checkPath, fileNameOf, partOf } from './path.ts'
import { byteOrder, closedError, conflictError, diskError } from './store-error.ts'

/** In front of the content of every file: a random number, so that no two writes have the same ETag. */
const TOKEN_BYTES = 8

/** Versions of an object that stay on the disk, so that a writer that is late finds its name taken. */
const VERSIONS_KEPT = 4

const TEMPORARY = '%tmp'

const ATTEMPTS_MAX = 1_000

interface Version {
  readonly number: number
  readonly file: string
}

/**
 * Objects as files, written by any number of processes without locks. Version `n` of an object is the
 * file `<name>@<n>`; the highest one counts. A write goes to a temporary file, which is brought to the
 * disk and then linked to the name of the next version: linking fails if the name is taken, so of
 * several writers that expect the same version exactly one succeeds, and a crash at any point leaves
 * either the old version or the new one, whole.
 */
export class DiskStore implements ObjectStore {
  readonly #directory: string
  readonly #scope: string
  readonly #files: DiskFiles
  readonly #sync: DirectorySync
  readonly #known = new Set<string>()
  #closed = false

  constructor(directory: string, scope: string, files: DiskFiles, sync: DirectorySync) {
    this.#directory = join(directory, fileNameOf(scope))
    this.#scope = scope
    this.#files = files
    this.#sync = sync
  }

  /** Makes the directory and removes what processes that died have left behind. */
  async prepare(): Promise<void> {
    const temporary = join(this.#directory, TEMPORARY)
    await this.#try('make the directory', 'failed', async () => {
      await this.#makeDirectory(temporary)
      for (const { name } of await this.#files.names(temporary)) {
        if (!isAlive(Number(name.split('-')[0]))) await this.#unlink(join(temporary, name))
      }
    })
  }

  async get(path: string): Promise<{ readonly bytes: Uint8Array; readonly etag: ETag } | undefined> {
    this.#check(path)
    return this.#try(`read "${path}"`, 'failed', async () => {
      for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
        const current = await this.#current(path)
        if (current === undefined) return undefined
        const content = await ifThere(this.#files.read(current.file))
        // Replaced or deleted since its name was read.
        if (content === undefined) continue
        return { bytes: content.subarray(TOKEN_BYTES), etag: etagOf(current, content) }
      }
      throw new Error(`it was replaced ${ATTEMPTS_MAX} times while it was read`)
    })
  }

  put(path: string, bytes: Uint8Array): Promise<ETag> {
    return this.#write(path, bytes, undefined)
  }

  putIf(path: string, bytes: Uint8Array, expected: ETag | 'absent'): Promise<ETag> {
    return this.#write(path, bytes, expected)
  }

  async *list(prefix: string): AsyncIterable<string> {
    this.#check(undefined)
    const paths = await this.#try('list what there is', 'failed', () => this.#pathsIn(this.#directory, ''))
    for (const path of [...paths].filter((known) => known.startsWith(prefix)).sort(byteOrder)) yield path
  }

  async delete(paths: readonly string[]): Promise<void> {
    for (const path of paths) this.#check(path)
    await this.#try('delete', 'unknown', async () => {
      const directories = new Set<string>()
      for (const path of paths) {
        // The highest version last: an older one must never count again.
        for (const { file } of await this.#versions(path)) await this.#unlink(file)
        directories.add(dirname(this.#fileOf(path)))
      }
      for (const directory of directories) await ifThere(this.#sync.sync(directory))
    })
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  async #write(path: string, bytes: Uint8Array, expected: ETag | 'absent' | undefined): Promise<ETag> {
    this.#check(path)
    const token = randomBytes(TOKEN_BYTES)
    const temporary = join(this.#directory, TEMPORARY, `${process.pid}-${token.toString('hex')}`)
    const directory = dirname(this.#fileOf(path))
    try {
      await this.#try(`write "${path}"`, 'failed', async () => {
        await this.#makeDirectory(directory)
        await this.#files.write(temporary, [token, bytes])
      })
      const number = await this.#try(`write "${path}"`, 'unknown', () => this.#linkNext(path, temporary, expected))
      await this.#try(`bring "${path}" to the disk`, 'unknown', () => this.#sync.sync(directory))
      await this.#removeOldVersions(path, number)
      return `${number}.${token.toString('hex')}`
    } finally {
      await this.#unlink(temporary).catch(() => {}) // The next start removes what is left.
    }
  }

  /** Gives the file the name of the next version; returns its number. */
  async #linkNext(path: string, temporary: string, expected: ETag | 'absent' | undefined): Promise<number> {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const current = await this.#current(path)
      if (expected !== undefined && (await this.#etagOf(current)) !== expected) throw conflictError(path)
      const number = (current?.number ?? 0) + 1
      try {
        await this.#files.link(temporary, `${this.#fileOf(path)}@${number}`)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
        if (expected !== undefined) throw conflictError(path)
        continue
      }
      // The name may have been free because later versions have come, and this one has gone, meanwhile.
      const highest = await this.#current(path)
      if (highest === undefined || highest.number <= number) return number
      await this.#unlink(`${this.#fileOf(path)}@${number}`)
      if (expected !== undefined) throw conflictError(path)
    }
    throw new Error(`it was replaced ${ATTEMPTS_MAX} times while it was written`)
  }

  async #removeOldVersions(path: string, number: number): Promise<void> {
    if (number <= VERSIONS_KEPT) return
    await this.#try('remove old versions', 'unknown', async () => {
      for (const version of await this.#versions(path)) if (version.number <= number - VERSIONS_KEPT) await this.#unlink(version.file)
    })
  }

  async #etagOf(version: Version | undefined): Promise<ETag | 'absent'> {
    if (version === undefined) return 'absent'
    const content = await ifThere(this.#files.read(version.file))
    return content === undefined ? 'gone' : etagOf(version, content)
  }

  async #current(path: string): Promise<Version | undefined> {
    return (await this.#versions(path)).at(-1)
  }

  /** The versions of an object, oldest first. */
  async #versions(path: string): Promise<Version[]> {
    const file = this.#fileOf(path)
    const directory = dirname(file)
    const entries = (await ifThere(this.#files.names(directory))) ?? []
    const versions: Version[] = []
    for (const { name, isDirectory } of entries) {
      const at = name.lastIndexOf('@')
      if (isDirectory || at < 0 || join(directory, name.slice(0, at)) !== file) continue
      versions.push({ number: Number(name.slice(at + 1)), file: join(directory, name) })
    }
    return versions.sort((a, b) => a.number - b.number)
  }

  async #pathsIn(directory: string, prefix: string): Promise<Set<string>> {
    const paths = new Set<string>()
    for (const { name, isDirectory } of (await ifThere(this.#files.names(directory))) ?? []) {
      if (isDirectory) {
        if (name === TEMPORARY) continue
        for (const path of await this.#pathsIn(join(directory, name), `${prefix}${partOf(name)}/`)) paths.add(path)
      } else if (name.includes('@')) paths.add(`${prefix}${partOf(name.slice(0, name.lastIndexOf('@')))}`)
    }
    return paths
  }

  #fileOf(path: string): string {
    return join(this.#directory, ...path.split('/').map(fileNameOf))
  }

  async #makeDirectory(directory: string): Promise<void> {
    if (this.#known.has(directory)) return
    const first = await this.#files.makeDirectory(directory)
    if (first !== undefined)
      for (let made = directory; made.length >= first.length; made = dirname(made)) await this.#sync.sync(dirname(made))
    this.#known.add(directory)
  }

  async #unlink(file: string): Promise<void> {
    await ifThere(this.#files.unlink(file))
  }

  async #try<T>(what: string, outcome: 'failed' | 'unknown', action: () => Promise<T>): Promise<T> {
    try {
      return await action()
    } catch (error) {
      throw diskError(this.#directory, what, error, outcome)
    }
  }

  #check(path: string | undefined): void {
    if (this.#closed) throw closedError(this.#scope)
    if (path !== undefined) checkPath(path)
  }
}

function etagOf({ number }: Version, content: Buffer): ETag {
  return `${number}.${content.subarray(0, TOKEN_BYTES).toString('hex')}`
}

/** The result, or `undefined` if the file or directory is not there. */
async function ifThere<T>(action: Promise<T>): Promise<T | undefined> {
  try {
    return await action
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Whether a process of this machine is running. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Somebody else's process is alive too.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
