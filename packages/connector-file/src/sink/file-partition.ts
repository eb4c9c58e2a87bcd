import type { FileHandle } from 'node:fs/promises'
import type { ErrorContext, SinkPartition } from '@malstrom/core'
import { AppendedFile } from './appended-file.ts'
import { LineWriter } from './line-writer.ts'

/** The worker waits for the disk while this much is not yet written. */
export const FILE_BUFFER_BYTES_MAX = 4 * 1024 * 1024

/** How many bytes of a file belong to a snapshot. */
export interface WrittenLength {
  readonly length: number
}

/** Lines in a file, written one after the other from `length` on. */
export class FilePartition<V, K, T> implements SinkPartition<V, K, T, WrittenLength> {
  readonly #file: AppendedFile
  readonly #format: (value: V, key: K, timestamp: T) => string
  readonly #writer: LineWriter

  constructor(path: string, handle: FileHandle, length: number, format: (value: V, key: K, timestamp: T) => string, context: ErrorContext) {
    this.#file = new AppendedFile(path, handle, length, context)
    this.#format = format
    this.#writer = new LineWriter((chunk) => this.#file.append(chunk), FILE_BUFFER_BYTES_MAX)
  }

  get saturated(): boolean {
    return this.#writer.saturated
  }

  write(value: V, key: K, timestamp: T): void {
    this.#writer.push(this.#format(value, key, timestamp))
  }

  async flush(): Promise<void> {
    await this.#writer.flush()
    await this.#file.sync()
  }

  snapshot(): WrittenLength {
    return { length: this.#file.length }
  }

  async close(): Promise<void> {
    await this.#writer.stop()
    await this.#file.close()
  }
}
