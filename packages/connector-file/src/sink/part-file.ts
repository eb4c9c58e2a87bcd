import { type FileHandle, open } from 'node:fs/promises'
import type { ErrorContext } from '@malstrom/core'
import { fileError } from '../file-error.ts'
import { FILE_BUFFER_BYTES_MAX } from './file-partition.ts'
import { LineWriter } from './line-writer.ts'

/** A file that is written under a name of its own until it is complete. It is made when there is something to write. */
export class PartFile {
  /** Of the lines it was given. */
  bytes = 0
  readonly beganAtMs: number
  readonly #path: string
  readonly #context: ErrorContext
  readonly #writer = new LineWriter((chunk) => this.#append(chunk), FILE_BUFFER_BYTES_MAX)
  #handle: FileHandle | undefined
  #syncedBytes = 0
  #finishing: Promise<void> | undefined

  constructor(path: string, beganAtMs: number, context: ErrorContext) {
    this.#path = path
    this.beganAtMs = beganAtMs
    this.#context = context
  }

  get saturated(): boolean {
    return this.#writer.saturated
  }

  push(line: string, bytes: number): void {
    this.#writer.push(line)
    this.bytes += bytes
  }

  /** Resolves when everything is on the disk. */
  async flush(): Promise<void> {
    await this.#writer.flush()
    const { bytes } = this
    if (bytes === this.#syncedBytes) return
    try {
      await this.#handle?.datasync()
    } catch (thrown) {
      throw fileError('written', this.#path, thrown, this.#context)
    }
    this.#syncedBytes = bytes
  }

  /** `flush`, after which nothing is written. */
  finish(): Promise<void> {
    this.#finishing ??= this.flush().finally(() => this.close())
    return this.#finishing
  }

  /** Drops what was not flushed. */
  async close(): Promise<void> {
    await this.#writer.stop()
    const handle = this.#handle
    this.#handle = undefined
    await handle?.close()
  }

  async #append(chunk: Buffer): Promise<void> {
    try {
      this.#handle ??= await open(this.#path, 'w')
      await this.#handle.writeFile(chunk)
    } catch (thrown) {
      throw fileError('written', this.#path, thrown, this.#context)
    }
  }
}
