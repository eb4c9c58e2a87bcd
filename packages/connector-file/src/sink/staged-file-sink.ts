import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { PartitionContext, Sink, SinkPartition } from '@malstrom/core'
import { fileError, systemCode } from '../file-error.ts'
import { EXISTS, type ExistingFile } from './file-sink.ts'
import { StagedFilePartition, type StagedLength } from './staged-file-partition.ts'

/** Files of lines that become visible when they are committed; each is a partition, named by its path. */
export class StagedFileSink<V, K, T> implements Sink<V, K, T, string, StagedLength> {
  readonly #pathOf: (value: V, key: K, timestamp: T) => string
  readonly #format: (value: V, key: K, timestamp: T) => string
  readonly #existing: ExistingFile

  constructor(
    pathOf: (value: V, key: K, timestamp: T) => string,
    format: (value: V, key: K, timestamp: T) => string,
    existing: ExistingFile,
  ) {
    this.#pathOf = pathOf
    this.#format = format
    this.#existing = existing
  }

  partitionOf(value: V, key: K, timestamp: T): string {
    return this.#pathOf(value, key, timestamp)
  }

  async openPartition(
    path: string,
    saved: StagedLength | undefined,
    { operator, worker, generation }: PartitionContext,
  ): Promise<SinkPartition<V, K, T, StagedLength>> {
    const context = { operator, worker, partition: path }
    let handle: FileHandle | undefined
    try {
      await mkdir(dirname(path), { recursive: true })
      handle = await this.#open(path, saved)
      const { size } = await handle.stat()
      if (saved !== undefined && size < saved.length) {
        throw new Error(
          `it has ${size} bytes, but the snapshot counts on ${saved.length}. Restore the file, or start the job without its saved state`,
        )
      }
      const length = saved?.length ?? size
      const partition = new StagedFilePartition({ path, handle, format: this.#format, context, generation, saved, length })
      await partition.removeLeftovers()
      return partition
    } catch (thrown) {
      await handle?.close()
      throw fileError('written', path, thrown, context)
    }
  }

  async #open(path: string, saved: StagedLength | undefined): Promise<FileHandle> {
    const anyway = constants.O_RDWR | constants.O_CREAT
    if (saved !== undefined || this.#existing.append === true) return open(path, anyway)
    if (this.#existing.overwrite === true) return open(path, 'w+')
    // An empty file is what a start leaves that died before its first commit.
    if (await isEmpty(path)) return open(path, anyway)
    throw new Error(EXISTS)
  }
}

async function isEmpty(path: string): Promise<boolean> {
  try {
    const found = await stat(path)
    return found.isFile() && found.size === 0
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return true
    throw thrown
  }
}
