import { mkdir, readdir } from 'node:fs/promises'
import { isAbsolute, join, normalize, sep } from 'node:path'
import { hashString, MalstromError, type PartitionContext, type Sink, type SinkPartition } from '@malstrom/core'
import { checkByteBound, checkPaths } from '../check-options.ts'
import { fileError } from '../file-error.ts'
import { FileNamePattern } from './file-name-pattern.ts'
import { lineOf } from './line-of.ts'
import { type RolledFiles, RollingPartition } from './rolling-partition.ts'

export interface RollingFilesOptions<V = unknown, K = unknown, T = unknown> {
  /** The line of a record, without a line end. @default strings as they are, everything else as JSON */
  readonly format?: (value: V, key: K, timestamp: T) => string
  /**
   * The names of the files: `{sequence}` is a number that counts from 0 in each folder, `{date}` and `{time}` are
   * when the file was begun, in UTC.
   * @default 'part-{sequence}.txt'
   */
  readonly name?: string
  /** A file ends before the line that would make it larger than this, in bytes; a larger line gets a file of its own. @default 128 MiB */
  readonly maxFileBytes?: number
  /** A file ends before the first line that comes when it is this old, in milliseconds. @default only a snapshot ends it */
  readonly maxFileAgeMs?: number
  /** The folder for a record below the folder of the sink, with `/`. Must be pure. @default all go into one folder */
  readonly folderOf?: (value: V, key: K, timestamp: T) => string
  /** Go on counting after the files that are there; otherwise they are refused with `ERR_FILE`. @default false */
  readonly append?: boolean
}

const FILE_BYTES_MAX = 128 * 1024 * 1024

/**
 * Writes one line per record to a row of files in a folder. A file gets its name by a rename when it is complete and
 * the snapshot that it belongs to is durable, and never changes after that, so its readers see every record once.
 *
 * A snapshot ends the file at work, and so do `maxFileBytes` and `maxFileAgeMs`. So files appear once per snapshot, or
 * at the end of a job without snapshots. Until then they are in the same folder, under names that begin with a dot.
 */
export function toRollingFiles<V, K, T>(folder: string, options: RollingFilesOptions<V, K, T> = {}): Sink<V, K, T, string, RolledFiles> {
  checkPaths(OWNER, folder)
  const { maxFileAgeMs = Number.POSITIVE_INFINITY } = options
  if (!(maxFileAgeMs > 0))
    throw new MalstromError('ERR_OPERATOR_ARGUMENT', `${OWNER}: maxFileAgeMs is ${maxFileAgeMs}. Give milliseconds above 0.`)
  return new RollingSink(folder, { ...options, maxFileAgeMs })
}

const OWNER = 'toRollingFiles'

class RollingSink<V, K, T> implements Sink<V, K, T, string, RolledFiles> {
  readonly partitionOf?: (value: V, key: K, timestamp: T) => string
  readonly #folder: string
  readonly #options: RollingFilesOptions<V, K, T> & { readonly maxFileAgeMs: number }
  readonly #names: FileNamePattern
  readonly #maxFileBytes: number

  constructor(folder: string, options: RollingFilesOptions<V, K, T> & { readonly maxFileAgeMs: number }) {
    this.#folder = folder
    this.#options = options
    this.#names = new FileNamePattern(OWNER, options.name ?? 'part-{sequence}.txt')
    this.#maxFileBytes = checkByteBound(OWNER, 'maxFileBytes', options.maxFileBytes ?? FILE_BYTES_MAX)
    if (options.folderOf !== undefined) this.partitionOf = options.folderOf
  }

  async openPartition(
    partition: string,
    saved: RolledFiles | undefined,
    { job, operator, worker, generation }: PartitionContext,
  ): Promise<SinkPartition<V, K, T, RolledFiles>> {
    const context = { operator, worker, partition }
    const folder = this.#options.folderOf === undefined ? this.#folder : join(this.#folder, checkFolder(partition))
    const stagedPrefix = `.staged-${hashString(`${job}\n${operator}`).toString(16)}-`
    try {
      await mkdir(folder, { recursive: true })
      const sequence = saved?.sequence ?? (await this.#firstSequence(folder))
      await RollingPartition.removeLeftovers(folder, stagedPrefix, saved)
      const { format = lineOf, maxFileAgeMs } = this.#options
      const names = this.#names
      const options = { folder, names, maxFileBytes: this.#maxFileBytes, maxFileAgeMs, format, context, stagedPrefix, generation }
      return new RollingPartition(options, saved, sequence)
    } catch (thrown) {
      throw fileError('written', folder, thrown, context)
    }
  }

  async #firstSequence(folder: string): Promise<number> {
    let next = 0
    for (const name of await readdir(folder)) {
      const sequence = this.#names.sequenceOf(name)
      if (sequence === undefined) continue
      if (this.#options.append !== true)
        throw new Error(
          `it has files of this name already, such as ${name}. Remove them, or pass append: true to go on counting after them`,
        )
      next = Math.max(next, sequence + 1)
    }
    return next
  }
}

/** The folder comes from data, so it must not lead elsewhere. */
function checkFolder(folder: string): string {
  const below = normalize(folder)
  if (!isAbsolute(below) && below !== '..' && !below.startsWith(`..${sep}`) && !folder.includes('\0')) return below
  const problem = `${OWNER}: folderOf returned ${JSON.stringify(folder)}, which is not below the folder of the sink. Return a relative path without "..".`
  throw new MalstromError('ERR_OPERATOR_ARGUMENT', problem)
}
