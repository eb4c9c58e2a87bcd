import { type FileHandle, open } from 'node:fs/promises'
import { type ErrorContext, MalstromError } from '@malstrom/core'
import { fileError } from '../file-error.ts'
import type { ByteInput } from './byte-input.ts'
import { WakeUp } from './wake-up.ts'

/** How much one read asks for, unless the file is smaller. */
export const READ_BYTES_MAX = 128 * 1024
const READ_BYTES_MIN = 4096
/** How many chunks are read ahead of `take`; with the one that was taken, this is the memory of an open file. */
export const READ_AHEAD_CHUNKS_MAX = 2

/** A file from `offset` on, to the end it has when it is reached. Reads ahead while the job computes. */
export class FileInput implements ByteInput {
  readonly #path: string
  readonly #context: ErrorContext
  readonly #handle: FileHandle
  /** `null` for what has no positions, such as a named pipe. */
  #position: number | null
  readonly #bufferBytes: number
  readonly #readAhead: Chunk[] = []
  readonly #freeBuffers: Buffer[] = []
  readonly #wakeUp = new WakeUp()
  #taken: Chunk | undefined
  #isReading = false
  #isAtEnd = false
  #isClosed = false
  #failure: MalstromError | undefined

  private constructor(path: string, context: ErrorContext, handle: FileHandle, position: number | null, bufferBytes: number) {
    this.#path = path
    this.#context = context
    this.#handle = handle
    this.#position = position
    this.#bufferBytes = bufferBytes
    void this.#readOn()
  }

  /** Throws `ERR_FILE` unless there is a readable file of at least `offset` bytes. */
  static async open(path: string, offset: number, context: ErrorContext): Promise<FileInput> {
    let handle: FileHandle | undefined
    try {
      handle = await open(path, 'r')
      const stats = await handle.stat()
      if (stats.isDirectory()) throw Object.assign(new Error('is a directory'), { code: 'EISDIR' })
      if (!stats.isFile()) {
        if (offset > 0) throw refusal(path, context, 'it has been read in part, and only a regular file can be continued.')
        return new FileInput(path, context, handle, null, READ_BYTES_MAX)
      }
      if (stats.size < offset) {
        const problem = `the job has read ${offset} bytes of it, but it has only ${stats.size}. Restore the file, or start the job without its saved state.`
        throw refusal(path, context, problem)
      }
      // A job may have thousands of small files open: their buffers are no larger than they are.
      const restBytes = stats.size - offset
      return new FileInput(path, context, handle, offset, Math.min(READ_BYTES_MAX, Math.max(READ_BYTES_MIN, restBytes)))
    } catch (thrown) {
      await handle?.close()
      throw fileError('read', path, thrown, context)
    }
  }

  get ended(): boolean {
    return this.#isAtEnd && this.#readAhead.length === 0
  }

  take(): Uint8Array | undefined {
    if (this.#taken !== undefined) this.#freeBuffers.push(this.#taken.buffer)
    this.#taken = this.#readAhead.shift()
    if (this.#taken === undefined && this.#failure !== undefined) throw this.#failure
    void this.#readOn()
    return this.#taken?.buffer.subarray(0, this.#taken.bytes)
  }

  async ready(): Promise<void> {
    if (this.#readAhead.length > 0 || this.#isAtEnd || this.#isClosed) return
    if (this.#failure !== undefined) throw this.#failure
    await this.#wakeUp.wait()
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#wakeUp.wake()
    const closed = this.#handle.close()
    // A read of a pipe may wait for its writer for ever; closing waits for the read.
    if (this.#position !== null) await closed
    else closed.catch(() => undefined)
  }

  /** Reads until enough is read ahead. Never rejects: a failure is kept for `take`. */
  async #readOn(): Promise<void> {
    if (this.#isReading) return
    this.#isReading = true
    try {
      while (this.#readAhead.length < READ_AHEAD_CHUNKS_MAX && !this.#isAtEnd && !this.#isClosed && this.#failure === undefined) {
        await this.#readChunk()
        this.#wakeUp.wake()
      }
    } catch (thrown) {
      if (this.#isClosed) return
      this.#failure = fileError('read', this.#path, thrown, this.#context)
      this.#wakeUp.fail(this.#failure)
    } finally {
      this.#isReading = false
    }
  }

  async #readChunk(): Promise<void> {
    const buffer = this.#freeBuffers.pop() ?? Buffer.allocUnsafeSlow(this.#bufferBytes)
    const { bytesRead } = await this.#handle.read(buffer, 0, buffer.length, this.#position)
    if (bytesRead === 0) this.#isAtEnd = true
    else this.#readAhead.push({ buffer, bytes: bytesRead })
    if (this.#position !== null) this.#position += bytesRead
  }
}

interface Chunk {
  readonly buffer: Buffer
  readonly bytes: number
}

function refusal(path: string, context: ErrorContext, problem: string): MalstromError {
  return new MalstromError('ERR_FILE', `The file "${path}" cannot be read: ${problem}`, { context: { ...context, path } })
}
