import { randomBytes } from 'node:crypto'
import { basename, dirname, join } from 'node:path'
import { type ETag, MalstromError, type ObjectStore, type Outcome } from '@malstrom/core'
import type { Directories } from './directories.ts'
import { type DiskFiles, ifThere, systemCode } from './disk-files.ts'
import { checkPath, fileNameOf, isPart, partOf } from './path.ts'
import { byteOrder, closedError, conflictError, damagedError, diskError, unclearError } from './store-error.ts'
import { TemporaryFiles } from './temporary-files.ts'
import { fileOfVersion, type Version, versionOf, versionsIn, versionsOf } from './versions.ts'

/** In front of the content of every file: a random number, so that no two writes have the same ETag. */
const TOKEN_BYTES = 8

/** Versions of an object that stay on the disk, so that a writer that is late finds its number taken. */
const VERSIONS_KEPT = 8

/** After these a link has certainly not been made. */
const CERTAIN: ReadonlySet<string> = new Set(
  'EACCES EDQUOT EMFILE EMLINK ENAMETOOLONG ENFILE ENOENT ENOSPC ENOTDIR ENOTSUP EOPNOTSUPP EPERM EROFS'.split(' '),
)

const TEMPORARY = '%tmp'

const ATTEMPTS_MAX = 1_000

/** What a write expects; `undefined` if it overwrites whatever is there. */
type Expected = ETag | 'absent' | undefined

/**
 * Objects as files, written by any number of processes, without locks that a crash could leave behind.
 *
 * Version `n` of an object is the file `<name>@<n>`; the highest one counts. A write of version n + 1:
 *
 *     1. write  %tmp/<token>.<pid>.<host>         content, brought to the disk
 *     2. read   <name>@<n>                        is the token the expected one? (putIf)
 *     3. link   %tmp/... as <name>@<n + 1>        atomic, refused if the name is taken: of those who expect n, one succeeds
 *     4. read   <name>@<n>                        still there: number n + 1 was free because nobody had been there, so it counts
 *     5. fsync  the directory                     shared with others that wait for it; then the write resolves
 *     6. unlink %tmp/..., <name>@<n + 1 - 8>      never before the version that counts is on the disk, and oldest first
 *
 * A crash before 3 leaves a file in `%tmp`, which a later `open` removes; one after 3 leaves a version that counts, whole. Who
 * builds on a version that is not on the disk yet brings both there, because they are in the same directory.
 *
 * Step 4 is for a writer that slept between 2 and 3 while eight others wrote, the last of whom removed n + 1. Below the highest version, its
 * file is never seen. It cannot tell this from having been first and overtaken, so a `putIf` says that its outcome is unknown.
 */
export class DiskStore implements ObjectStore {
  readonly #directory: string
  readonly #scope: string
  readonly #files: DiskFiles
  readonly #directories: Directories
  readonly #temporary: TemporaryFiles
  #closed = false

  constructor(root: string, scope: string, files: DiskFiles, directories: Directories) {
    this.#directory = join(root, fileNameOf(scope))
    this.#scope = scope
    this.#files = files
    this.#directories = directories
    this.#temporary = new TemporaryFiles(join(this.#directory, TEMPORARY), files)
  }

  /** Makes the directory and removes what processes that died have left behind. */
  async prepare(): Promise<void> {
    await this.#try('open it', 'failed', async () => {
      await this.#directories.make(this.#temporary.directory)
      await this.#temporary.removeAbandoned()
    })
  }

  async get(path: string): Promise<{ readonly bytes: Uint8Array; readonly etag: ETag } | undefined> {
    this.#check(path)
    return this.#try(`read "${path}"`, 'failed', async () => {
      for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
        const current = (await versionsOf(this.#files, this.#fileOf(path))).at(-1)
        if (current === undefined) return undefined
        const content = await ifThere(this.#files.read(current.file))
        // Replaced or deleted since its name was read.
        if (content === undefined) continue
        const etag = etagOf(current, content)
        // Not a part of the Buffer, whose slice() would not copy.
        return { bytes: new Uint8Array(content.buffer, content.byteOffset + TOKEN_BYTES, content.length - TOKEN_BYTES), etag }
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
    // No other directory has paths that begin with the folders of the prefix.
    const folders = prefix.split('/').slice(0, -1)
    if (!folders.every(isPart)) return
    const directory = join(this.#directory, ...folders.map(fileNameOf))
    const paths = await this.#try('list what there is', 'failed', () =>
      this.#pathsIn(directory, folders.map((folder) => `${folder}/`).join('')),
    )
    for (const path of [...paths].filter((known) => known.startsWith(prefix)).sort(byteOrder)) yield path
  }

  async delete(paths: readonly string[]): Promise<void> {
    for (const path of paths) this.#check(path)
    const namesOf = new Map<string, Set<string>>()
    for (const file of paths.map((path) => this.#fileOf(path))) {
      const names = namesOf.get(dirname(file)) ?? new Set()
      namesOf.set(dirname(file), names.add(basename(file)))
    }
    await this.#try('delete', 'unknown', async () => {
      for (const [directory, names] of namesOf) await this.#deleteFrom(directory, names)
    })
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  async #write(path: string, bytes: Uint8Array, expected: Expected): Promise<ETag> {
    this.#check(path)
    const token = randomBytes(TOKEN_BYTES)
    const temporary = this.#temporary.pathOf(token.toString('hex'))
    const file = this.#fileOf(path)
    const what = `write "${path}"`
    try {
      await this.#try(what, 'failed', async () => {
        await this.#directories.make(dirname(file))
        await this.#files.write(temporary, [token, bytes])
      })
      const { number, older } = await this.#try(what, 'failed', () => this.#linkNext(path, temporary, expected))
      await this.#try(`bring "${path}" to the disk`, 'unknown', () => this.#directories.sync(dirname(file)))
      await this.#removeOld(older, number - VERSIONS_KEPT)
      return `${number}.${token.toString('hex')}`
    } finally {
      await this.#unlink(temporary).catch(() => {}) // A later start removes what is left.
    }
  }

  /** Gives the file the name of the next version, and tells which older ones there are. */
  async #linkNext(path: string, temporary: string, expected: Expected): Promise<{ number: number; older: readonly Version[] }> {
    const file = this.#fileOf(path)
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      // Most objects are put once: for a first version it is enough to look afterwards.
      const older = expected === undefined && attempt === 0 ? [] : await versionsOf(this.#files, file)
      const current = older.at(-1)
      if (expected !== undefined && (await this.#etagOf(current)) !== expected) throw conflictError(path)
      const number = (current?.number ?? 0) + 1
      const refused = await this.#link(path, temporary, fileOfVersion(file, number))
      if (refused === undefined) {
        const counts = await this.#try(`write "${path}"`, 'unknown', () => this.#counts(file, number, current, expected))
        if (counts) return { number, older }
        // Never seen, unless the object was deleted meanwhile; and what was deleted must not come back.
        if (expected === undefined) continue
        await this.#try(`take back "${path}"`, 'unknown', () => this.#unlink(fileOfVersion(file, number)))
        throw unclearError(path, this.#directory)
      }
      if (refused === 'EEXIST') {
        if (expected !== undefined && expected !== 'absent') throw conflictError(path)
      } else await this.#makeAgain(dirname(file))
    }
    throw unclearError(path, this.#directory)
  }

  async #link(path: string, from: string, to: string): Promise<'EEXIST' | 'ENOENT' | undefined> {
    try {
      await this.#files.link(from, to)
      return undefined
    } catch (error) {
      const code = systemCode(error)
      if (code === 'EEXIST' || (code === 'ENOENT' && (await this.#files.exists(from)))) return code
      throw diskError(this.#directory, `write "${path}"`, error, CERTAIN.has(code ?? '') ? 'failed' : 'unknown')
    }
  }

  /** Somebody has deleted the last object of a directory, and the directory too. */
  async #makeAgain(directory: string): Promise<void> {
    this.#directories.forget(directory)
    await this.#directories.make(directory)
  }

  /** Step 4: whether a version that has just been linked counts, or its number was free because it is an old one. */
  async #counts(file: string, number: number, before: Version | undefined, expected: Expected): Promise<boolean> {
    if (before !== undefined && expected !== undefined) return (await this.#etagOf(before)) === expected
    if (before !== undefined && (await this.#files.exists(before.file))) return true
    const highest = (await versionsOf(this.#files, file)).at(-1)?.number ?? 0
    // Where there was none, a number below those that are kept has never been removed.
    return highest <= (expected === 'absent' ? VERSIONS_KEPT : number)
  }

  async #etagOf(version: Version | undefined): Promise<ETag | 'absent' | 'gone'> {
    if (version === undefined) return 'absent'
    const start = await ifThere(this.#files.readStart(version.file, TOKEN_BYTES))
    return start === undefined ? 'gone' : etagOf(version, start)
  }

  /** The write has happened; if this fails, a later one removes them. */
  async #removeOld(versions: readonly Version[], upTo: number): Promise<void> {
    try {
      for (const { number, file } of versions) if (number <= upTo) await this.#unlink(file)
    } catch (error) {
      if (systemCode(error) === undefined) throw error
    }
  }

  async #deleteFrom(directory: string, names: ReadonlySet<string>): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const versions = (await versionsIn(this.#files, directory)).filter(({ name }) => names.has(name))
      if (versions.length === 0) break
      // The highest version last: an older one must never count again. And once more, if another was written meanwhile.
      for (const { file } of versions) await this.#unlink(file)
    }
    await this.#directories.sync(directory)
    await this.#directories.removeEmpty(directory, this.#directory)
  }

  async #pathsIn(directory: string, prefix: string): Promise<Set<string>> {
    const paths = new Set<string>()
    for (const { name, isDirectory } of (await ifThere(this.#files.names(directory))) ?? []) {
      const version = isDirectory ? undefined : versionOf(directory, name)
      if (version !== undefined) paths.add(`${prefix}${partOf(version.name)}`)
      if (!isDirectory || name === TEMPORARY) continue
      for (const path of await this.#pathsIn(join(directory, name), `${prefix}${partOf(name)}/`)) paths.add(path)
    }
    return paths
  }

  #fileOf(path: string): string {
    return join(this.#directory, ...path.split('/').map(fileNameOf))
  }

  async #unlink(file: string): Promise<void> {
    await ifThere(this.#files.unlink(file))
  }

  async #try<T>(what: string, outcome: Outcome, action: () => Promise<T>): Promise<T> {
    try {
      return await action()
    } catch (error) {
      if (error instanceof MalstromError) throw error
      throw diskError(this.#directory, what, error, outcome)
    }
  }

  #check(path: string | undefined): void {
    if (this.#closed) throw closedError(this.#scope)
    if (path !== undefined) checkPath(path)
  }
}

function etagOf({ number, file }: Version, content: Buffer): ETag {
  if (content.length < TOKEN_BYTES) throw damagedError(file)
  return `${number}.${content.toString('hex', 0, TOKEN_BYTES)}`
}
