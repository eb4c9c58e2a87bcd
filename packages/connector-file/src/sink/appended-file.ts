import type { FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { ErrorContext } from '@malstrom/core'
import { fileError } from '../file-error.ts'
import { syncDirectory } from './sync-directory.ts'

/** A file that is written from `length` on. */
export class AppendedFile {
  readonly #path: string
  readonly #handle: FileHandle
  readonly #context: ErrorContext
  #length: number
  #syncedLength: number | undefined
  #isClosed = false

  constructor(path: string, handle: FileHandle, length: number, context: ErrorContext) {
    this.#path = path
    this.#handle = handle
    this.#length = length
    this.#context = context
  }

  /** With what was appended. */
  get length(): number {
    return this.#length
  }

  async append(chunk: Buffer): Promise<void> {
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

  /** Resolves when everything that was appended is on the disk. */
  async sync(): Promise<void> {
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

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.#handle.close()
  }
}
