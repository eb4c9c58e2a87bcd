import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, rename, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { MalstromError, type PartitionContext, type Sink, type SinkPartition } from '@malstrom/core'
import { fileError, systemCode } from '../file-error.ts'
import { FilePartition, type WrittenLength } from './file-partition.ts'

/** What happens to a file that exists when a job starts without saved state. */
export interface ExistingFile {
  readonly append?: boolean
  readonly overwrite?: boolean
}

export function checkExisting(owner: string, { append, overwrite }: ExistingFile): void {
  if (append !== true || overwrite !== true) return
  throw new MalstromError('ERR_OPERATOR_ARGUMENT', `${owner}: append and overwrite exclude each other. Choose one.`)
}

/** Files of lines; each is a partition, named by its path. */
export class FileSink<V, K, T> implements Sink<V, K, T, string, WrittenLength> {
  readonly #pathOf: (value: V, key: K, timestamp: T) => string
  readonly #format: (value: V, key: K, timestamp: T) => string
  readonly #existing: ExistingFile

  constructor(
    owner: string,
    pathOf: (value: V, key: K, timestamp: T) => string,
    format: (value: V, key: K, timestamp: T) => string,
    existing: ExistingFile,
  ) {
    checkExisting(owner, existing)
    this.#pathOf = pathOf
    this.#format = format
    this.#existing = existing
  }

  partitionOf(value: V, key: K, timestamp: T): string {
    return this.#pathOf(value, key, timestamp)
  }

  async openPartition(
    path: string,
    state: WrittenLength | undefined,
    { operator, worker, generation }: PartitionContext,
  ): Promise<SinkPartition<V, K, T, WrittenLength>> {
    const context = { operator, worker, partition: path }
    let handle: FileHandle | undefined
    try {
      await mkdir(dirname(path), { recursive: true })
      handle = state === undefined ? await beginFile(path, this.#existing, generation) : await openAt(path, state.length)
      const length = state?.length ?? (await lengthToAppendAt(handle))
      return new FilePartition(path, handle, length, this.#format, context)
    } catch (thrown) {
      await handle?.close()
      throw fileError('written', path, thrown, context)
    }
  }
}

/** Opens a file for a start without saved state. */
export async function beginFile(path: string, existing: ExistingFile, generation: number): Promise<FileHandle> {
  if (existing.append === true) return await open(path, constants.O_RDWR | constants.O_CREAT)
  if (existing.overwrite === true) return await open(path, 'w+')
  try {
    return await open(path, 'wx+')
  } catch (thrown) {
    if (systemCode(thrown) !== 'EEXIST' || (await stat(path)).isDirectory()) throw thrown
    if (generation <= FIRST_GENERATION) throw new Error(EXISTS, { cause: thrown })
  }
  // Most likely this job wrote it between its last snapshot and a crash. But nothing proves it, so nothing is deleted.
  await rename(path, `${path}.before-generation-${generation}`)
  return await open(path, 'wx+')
}

/** Opens a file that belongs to this job, without what was written after the snapshot. */
export async function openAt(path: string, length: number): Promise<FileHandle> {
  const handle = await open(path, length === 0 ? constants.O_RDWR | constants.O_CREAT : 'r+')
  try {
    const { size } = await handle.stat()
    if (size < length) {
      throw new Error(
        `it has ${size} bytes, but the snapshot counts on ${length}. Restore the file, or start the job without its saved state`,
      )
    }
    await handle.truncate(length)
    return handle
  } catch (thrown) {
    await handle.close()
    throw thrown
  }
}

/** The length of the file, after ending a last line that has no line end. */
async function lengthToAppendAt(handle: FileHandle): Promise<number> {
  const { size } = await handle.stat()
  if (size === 0) return 0
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1)
  if (buffer[0] === NEWLINE) return size
  await handle.write('\n', size)
  return size + 1
}

const NEWLINE = 10
const FIRST_GENERATION = 1
export const EXISTS = 'it exists already. Remove it, or pass overwrite: true to replace it or append: true to write after it'
