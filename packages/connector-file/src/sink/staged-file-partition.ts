import { type FileHandle, open, readdir, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { ErrorContext, SinkPartition, SnapshotVersion } from '@malstrom/core'
import { fileError } from '../file-error.ts'
import { FilePartition } from './file-partition.ts'

const COPY_BYTES = 1024 * 1024

/** What a snapshot holds of a file whose lines become visible when they are committed. */
export interface StagedLength {
  readonly version: SnapshotVersion
  /** The length of the file without what is staged. */
  readonly length: number
  /** The name of the staging file beside it; `undefined` if nothing was staged. */
  readonly staged: string | undefined
  /** How much is staged there. */
  readonly bytes: number
  /** What was staged before that, for snapshots that were abandoned. */
  readonly earlier?: readonly StagedPiece[]
}

export interface StagedPiece {
  /** The name of the staging file. */
  readonly staged: string
  readonly bytes: number
}

export interface StagedFileOptions<V, K, T> {
  readonly path: string
  readonly handle: FileHandle
  readonly format: (value: V, key: K, timestamp: T) => string
  readonly context: ErrorContext
  readonly generation: number
  /** What the partition is reopened from. */
  readonly saved: StagedLength | undefined
  /** The length of the file. */
  readonly length: number
}

/**
 * A file in which lines appear when the snapshot that they belong to is durable, and are never taken back: until
 * then they are in a staging file beside it. A commit appends that to the file at the length which the
 * snapshot knows, so it can be repeated.
 */
export class StagedFilePartition<V, K, T> implements SinkPartition<V, K, T, StagedLength> {
  readonly #options: StagedFileOptions<V, K, T>
  readonly #byVersion = new Map<SnapshotVersion, StagedLength>()
  /** What was staged for snapshots that were abandoned: it belongs to the next one. */
  #earlier: readonly StagedPiece[] = []
  /** The last version that was committed here. */
  #committed: SnapshotVersion | undefined
  /** The length of the file after all commits so far. */
  #length: number
  /** Where lines go until the next snapshot; `undefined` before the first one. */
  #staging: FilePartition<V, K, T> | undefined
  #opening: Promise<void> | undefined
  #waiting: { readonly value: V; readonly key: K; readonly timestamp: T }[] = []
  #name: string | undefined
  #files = 0
  #isClosed = false

  constructor(options: StagedFileOptions<V, K, T>) {
    this.#options = options
    this.#length = options.length
    if (options.saved !== undefined) this.#byVersion.set(options.saved.version, options.saved)
  }

  /** Removes what earlier starts have staged and no snapshot knows. */
  async removeLeftovers(): Promise<void> {
    const { path, saved } = this.#options
    const prefix = `${basename(path)}.staged-`
    const kept = saved === undefined ? [] : piecesOf(saved).map(({ staged }) => staged)
    for (const name of await readdir(dirname(path))) {
      if (name.startsWith(prefix) && !kept.includes(name)) await rm(join(dirname(path), name), { force: true })
    }
  }

  get saturated(): boolean {
    return this.#waiting.length > 0 || (this.#staging?.saturated ?? false)
  }

  write(value: V, key: K, timestamp: T): void {
    if (this.#staging !== undefined) this.#staging.write(value, key, timestamp)
    else {
      // The file for the lines of this period is made when there is one.
      this.#waiting.push({ value, key, timestamp })
      this.#opening ??= this.#open()
      this.#opening.catch(() => {}) // `flush` tells.
    }
  }

  async flush(): Promise<void> {
    await this.#opening
    await this.#staging?.flush()
  }

  snapshot(version: SnapshotVersion): StagedLength {
    const bytes = this.#staging?.snapshot().length ?? 0
    const staged = bytes > 0 ? this.#name : undefined
    const earlier = this.#earlier.length > 0 ? { earlier: this.#earlier } : {}
    const taken = { version, length: this.#length, staged, bytes, ...earlier }
    this.#earlier = []
    this.#byVersion.set(version, taken)
    this.#closeStaging()
    return taken
  }

  async commit(version: SnapshotVersion): Promise<void> {
    const taken = this.#byVersion.get(version)
    // Done before; what is in the file now may be more.
    if (taken === undefined || version === this.#committed) return
    const { path, context } = this.#options
    try {
      await this.#append(taken)
    } catch (thrown) {
      throw fileError('written', path, thrown, context)
    }
    this.#length = taken.length + bytesOf(piecesOf(taken))
    this.#committed = version
    for (const known of this.#byVersion.keys()) if (known < version) this.#byVersion.delete(known)
  }

  abandon(version: SnapshotVersion): void {
    const taken = this.#byVersion.get(version)
    this.#byVersion.delete(version)
    if (taken !== undefined) this.#earlier = piecesOf(taken)
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.#opening?.catch(() => {})
    await this.#staging?.close()
    await this.#options.handle.close()
  }

  async #open(): Promise<void> {
    const { path, format, context, generation } = this.#options
    this.#name = `${basename(path)}.staged-${generation}-${++this.#files}`
    const file = join(dirname(path), this.#name)
    try {
      const handle = await open(file, 'w+')
      this.#staging = new FilePartition(file, handle, 0, format, context)
    } catch (thrown) {
      throw fileError('written', file, thrown, context)
    }
    for (const { value, key, timestamp } of this.#waiting.splice(0)) this.#staging.write(value, key, timestamp)
  }

  #closeStaging(): void {
    // Everything in it has been flushed; what closing still has to say is of no interest.
    this.#staging?.close().catch(() => {})
    this.#staging = undefined
    this.#opening = undefined
  }

  async #append(taken: StagedLength): Promise<void> {
    const { length } = taken
    const pieces = piecesOf(taken)
    const { handle, path, saved } = this.#options
    const { size } = await handle.stat()
    const end = length + bytesOf(pieces)
    // Only the start that is restored may cut off what came after its snapshot.
    if (size > end && taken !== saved) {
      throw new Error(
        `it has ${size - end} bytes more than this sink has written: another start of the job, or another program, writes to it`,
      )
    }
    if (size < end) {
      await handle.truncate(length)
      let position = length
      for (const { staged, bytes } of pieces) {
        await copy(join(dirname(path), staged), handle, position, bytes)
        position += bytes
      }
    } else await handle.truncate(end)
    await handle.datasync()
    for (const { staged } of pieces) await rm(join(dirname(path), staged), { force: true })
  }
}

/** Everything that a commit makes visible, in order. */
function piecesOf({ earlier = [], staged, bytes }: StagedLength): readonly StagedPiece[] {
  return staged === undefined ? earlier : [...earlier, { staged, bytes }]
}

function bytesOf(pieces: readonly StagedPiece[]): number {
  return pieces.reduce((sum, { bytes }) => sum + bytes, 0)
}

async function copy(from: string, to: FileHandle, position: number, bytes: number): Promise<void> {
  const source = await open(from, 'r')
  try {
    const buffer = Buffer.allocUnsafe(Math.min(bytes, COPY_BYTES))
    for (let done = 0; done < bytes; ) {
      const { bytesRead } = await source.read(buffer, 0, Math.min(buffer.length, bytes - done), done)
      if (bytesRead === 0) throw new Error(`"${from}" ends after ${done} bytes, and the snapshot counts on ${bytes}`)
      await to.write(buffer, 0, bytesRead, position + done)
      done += bytesRead
    }
  } finally {
    await source.close()
  }
}
