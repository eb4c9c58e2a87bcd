import type { FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { ErrorContext, SinkPartition } from '@malstrom/core'
import { fileError } from '../file-error.ts'
import { LineWriter } from './line-writer.ts'
import { syncDirectory } from './sync-directory.ts'

/** The worker waits for the disk while this much is not yet written. */
export const FILE_BUFFER_BYTES_MAX = 4 * 1024 * 1024

/** How many bytes of a file belong to a snapshot. */
export interface WrittenLength {
  readonly length: number
}

/** Lines in a file, written one after the other from `length` on. */
export class FilePartition<V, K, T> implements SinkPartition<V, K, T, WrittenLength> {
  readonly #path: string
  readonly #handle: FileHandle
  readonly #format: (value: V, key: K, timestamp: T) => string
  readonly #context: ErrorContext
  readonly #writer = new LineWriter((chunk) => this.#append(chunk), FILE_BUFFER_BYTES_MAX)
  #length: number
  #syncedLength: number | undefined
  #isClosed = false

  constructor(path: string, handle: FileHandle, length: number, format: (value: V, key: K, timestamp: T) => string, context: ErrorContext) {
    this.#path = path
    this.#handle = handle
    this.#length = length
    this.#format = format
    this.#context = context
  }

  get saturated(): boolean {
    return this.#writer.saturated
  }

  write(value: V, key: K, timestamp: T): void {
    this.#writer.push(this.#format(value, key, timestamp))
  }

  async flush(): Promise<void> {
    await this.#writer.flush()
    const length = this.#length
    if (length === this.#syncedLength) return
    try {
      await this.#handle.datasync()
      if (this.#syncedLength === undefined) await syncDirectory(dirname(this.#path))
    } catch (thrown) {
      throw fileError('written', this.#path, thrown, this.#context)
    }
    this.#syncedLength = length
  }

  snapshot(): WrittenLength {
    return { length: this.#length }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.#writer.stop()
    await this.#handle.close()
  }

  async #append(chunk: Buffer): Promise<void> {
    try {
      for (let written = 0; written < chunk.length; ) {
        const { bytesWritten } = await this.#handle.write(chunk, written, chunk.length - written, this.#length)
        written += bytesWritten
        this.#length += bytesWritten
      }
    } catch (thrown) {
      throw fileError('written', this.#path, thrown, this.#context)
    }
  }
}
