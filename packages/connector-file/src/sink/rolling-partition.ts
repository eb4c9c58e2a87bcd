import { readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type ErrorContext, MalstromError, type SinkPartition, type SnapshotVersion } from '@malstrom/core'
import { fileError, systemCode } from '../file-error.ts'
import type { FileNamePattern } from './file-name-pattern.ts'
import { PartFile } from './part-file.ts'
import { syncDirectory } from './sync-directory.ts'

/** The worker waits while so many files are complete and not yet on the disk. */
const UNFINISHED_FILES_MAX = 8

/** What a snapshot holds of a folder of files that appear when they are committed. */
export interface RolledFiles {
  readonly version: SnapshotVersion
  /** The number of the next file. */
  readonly sequence: number
  /** Files that are complete and get their names with the commit. */
  readonly complete: readonly CompleteFile[]
}

export interface CompleteFile {
  readonly stagedName: string
  readonly name: string
}

export interface RollingOptions<V, K, T> {
  readonly folder: string
  readonly names: FileNamePattern
  readonly maxFileBytes: number
  readonly maxFileAgeMs: number
  readonly format: (value: V, key: K, timestamp: T) => string
  readonly context: ErrorContext
  /** Begins the names of files that are not complete. Another sink has another one. */
  readonly stagedPrefix: string
  readonly generation: number
}

/**
 * Files in a folder that are written under hidden names. A snapshot ends the file at work and syncs it; the commit
 * renames what the snapshot has ended, so a name that readers see is that of a complete file and stays.
 */
export class RollingPartition<V, K, T> implements SinkPartition<V, K, T, RolledFiles> {
  readonly #options: RollingOptions<V, K, T>
  readonly #byVersion = new Map<SnapshotVersion, RolledFiles>()
  /** Files of an earlier start, which may have been renamed before it ended. */
  readonly #restored: ReadonlySet<string>
  #sequence: number
  #current: PartFile | undefined
  /** All files since the last snapshot, with the names that they will have. */
  #files: (CompleteFile & { readonly file: PartFile })[] = []
  #unfinished = 0
  #isFolderSynced = true
  #isClosed = false

  constructor(options: RollingOptions<V, K, T>, saved: RolledFiles | undefined, sequence: number) {
    this.#options = options
    this.#sequence = sequence
    this.#restored = new Set(saved?.complete.map(({ stagedName }) => stagedName))
    if (saved !== undefined) this.#byVersion.set(saved.version, saved)
  }

  /** Removes what earlier starts have written and no snapshot knows. */
  static async removeLeftovers(folder: string, stagedPrefix: string, saved: RolledFiles | undefined): Promise<void> {
    for (const name of await readdir(folder)) {
      const isKnown = saved?.complete.some(({ stagedName }) => stagedName === name) ?? false
      if (name.startsWith(stagedPrefix) && !isKnown) await rm(join(folder, name), { force: true })
    }
  }

  get saturated(): boolean {
    return this.#unfinished >= UNFINISHED_FILES_MAX || (this.#current?.saturated ?? false)
  }

  write(value: V, key: K, timestamp: T): void {
    const { format, maxFileBytes, maxFileAgeMs } = this.#options
    const line = format(value, key, timestamp)
    const bytes = Buffer.byteLength(line) + 1
    const current = this.#current
    const isOld = current !== undefined && maxFileAgeMs !== Number.POSITIVE_INFINITY && Date.now() - current.beganAtMs >= maxFileAgeMs
    if (current !== undefined && (isOld || current.bytes + bytes > maxFileBytes)) this.#endFile(current)
    this.#current ??= this.#beginFile()
    this.#current.push(line, bytes)
  }

  async flush(): Promise<void> {
    const { folder, context } = this.#options
    for (const { file } of this.#files) await (file === this.#current ? file.flush() : file.finish())
    if (this.#isFolderSynced) return
    this.#isFolderSynced = true
    try {
      await syncDirectory(folder)
    } catch (thrown) {
      throw fileError('written', folder, thrown, context)
    }
  }

  snapshot(version: SnapshotVersion): RolledFiles {
    // Everything in it has been flushed; what closing still has to say is of no interest.
    this.#current?.close().catch(() => {})
    this.#current = undefined
    const ended = this.#files.map(({ stagedName, name }) => ({ stagedName, name }))
    this.#files = []
    // A version that was not committed is part of the next one, so there is nothing more to do when one is abandoned.
    const before = [...this.#byVersion.values()].at(-1)?.complete ?? []
    const taken = { version, sequence: this.#sequence, complete: [...before, ...ended] }
    this.#byVersion.set(version, taken)
    return taken
  }

  async commit(version: SnapshotVersion): Promise<void> {
    const taken = this.#byVersion.get(version)
    if (taken === undefined || taken.complete.length === 0) return
    const { folder, context } = this.#options
    try {
      for (const complete of taken.complete) await this.#publish(complete)
      await syncDirectory(folder)
    } catch (thrown) {
      throw fileError('written', folder, thrown, context)
    }
    for (const known of this.#byVersion.keys()) if (known <= version) this.#byVersion.delete(known)
  }

  abandon(): void {}

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const { file } of this.#files) await file.close()
  }

  #beginFile(): PartFile {
    const { folder, names, stagedPrefix, generation, context } = this.#options
    const sequence = this.#sequence++
    const now = Date.now()
    const stagedName = `${stagedPrefix}${generation}-${sequence}`
    const file = new PartFile(join(folder, stagedName), now, context)
    this.#files.push({ stagedName, name: names.name(sequence, now), file })
    this.#isFolderSynced = false
    return file
  }

  #endFile(file: PartFile): void {
    this.#current = undefined
    this.#unfinished++
    const settle = () => {
      this.#unfinished--
    }
    file.finish().then(settle, settle) // `flush` tells.
  }

  /** Nothing is overwritten, and what was done before is not done again. */
  async #publish({ stagedName, name }: CompleteFile): Promise<void> {
    const { folder, context } = this.#options
    const [staged, path] = [join(folder, stagedName), join(folder, name)]
    // It was renamed before a crash. Its reader may have taken it away since, so there is nothing to look for.
    if (this.#restored.has(stagedName) && !(await isThere(staged))) return
    if (await isThere(path)) {
      const problem = `The file "${path}" cannot be written: another program has made a file of this name. Move it away, and start the job again.`
      throw new MalstromError('ERR_FILE', problem, { context: { ...context, path } })
    }
    await rename(staged, path)
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return false
    throw thrown
  }
}
