import { type ErrorContext, WakeUp } from '@malstrom/core'
import { fileError } from '../file-error.ts'
import type { ByteInput } from './byte-input.ts'
import type { FileTail } from './file-tail.ts'
import type { OpenFile } from './open-file.ts'

/** How much one read asks for, unless the file is smaller. */
export const READ_BYTES_MAX = 128 * 1024
const READ_BYTES_MIN = 4096
const FOLLOW_READ_BYTES_MIN = 32 * 1024
/** How many chunks are read ahead of `take`; with the one that was taken, this is the memory of an open file. */
export const READ_AHEAD_CHUNKS_MAX = 2

/**
 * A file from `offset` on, to the end it has when it is reached; with a `tail`, until that says it ends.
 * Reads ahead while the job computes.
 */
export class FileInput implements ByteInput {
  readonly #file: OpenFile
  readonly #context: ErrorContext
  readonly #tail: FileTail | undefined
  /** `null` for what has no positions, such as a named pipe. */
  #position: number | null
  readonly #bufferBytes: number
  readonly #readAhead: Chunk[] = []
  readonly #freeBuffers: Buffer[] = []
  readonly #wakeUp = new WakeUp()
  #taken: Chunk | undefined
  #timer: NodeJS.Timeout | undefined
  #isReading = false
  #isAtEnd = false
  #isRewritten = false
  #isClosed = false
  #failure: unknown

  /** Closes `file` in the end. */
  constructor(file: OpenFile, offset: number, context: ErrorContext, tail?: FileTail) {
    this.#file = file
    this.#context = context
    this.#tail = tail
    this.#position = file.inode === undefined ? null : offset
    // A job may have thousands of small files open: their buffers are no larger than they are.
    const bytesMin = tail === undefined ? READ_BYTES_MIN : FOLLOW_READ_BYTES_MIN
    this.#bufferBytes = file.inode === undefined ? READ_BYTES_MAX : Math.min(READ_BYTES_MAX, Math.max(bytesMin, file.size - offset))
    void this.#readOn()
  }

  get ended(): boolean {
    return this.#isAtEnd && this.#readAhead.length === 0
  }

  /** The file was truncated, and everything before that has been taken. */
  get rewritten(): boolean {
    return this.#isRewritten && this.#readAhead.length === 0
  }

  take(): Uint8Array | undefined {
    if (this.#taken !== undefined) this.#freeBuffers.push(this.#taken.buffer)
    this.#taken = this.#readAhead.shift()
    if (this.#taken === undefined && this.#failure !== undefined) throw this.#failure
    void this.#readOn()
    return this.#taken?.buffer.subarray(0, this.#taken.bytes)
  }

  async ready(): Promise<void> {
    if (this.#readAhead.length > 0 || this.#isAtEnd || this.#isRewritten || this.#isClosed) return
    if (this.#failure !== undefined) throw this.#failure
    await this.#wakeUp.wait()
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#wakeUp.wake()
    const closed = this.#file.handle.close()
    // A read of a pipe may wait for its writer for ever; closing waits for the read.
    if (this.#position !== null) await closed
    else closed.catch(() => undefined)
  }

  /** Reads until enough is read ahead, or there is nothing now. Never rejects: a failure is kept for `take`. */
  async #readOn(): Promise<void> {
    if (this.#isReading || this.#timer !== undefined) return
    this.#isReading = true
    try {
      while (this.#mayRead && (await this.#readChunk())) this.#wakeUp.wake()
      if (this.#isAtEnd || this.#isRewritten) this.#wakeUp.wake()
    } catch (thrown) {
      if (this.#isClosed) return
      this.#failure = fileError('read', this.#file.path, thrown, this.#context)
      this.#wakeUp.fail(this.#failure)
    } finally {
      this.#isReading = false
    }
  }

  get #mayRead(): boolean {
    const hasEnded = this.#isAtEnd || this.#isRewritten || this.#isClosed || this.#failure !== undefined
    return !hasEnded && this.#readAhead.length < READ_AHEAD_CHUNKS_MAX
  }

  /** False if there is nothing to read now. */
  async #readChunk(): Promise<boolean> {
    const buffer = this.#freeBuffers.pop() ?? Buffer.allocUnsafeSlow(this.#bufferBytes)
    const { bytesRead } = await this.#file.handle.read(buffer, 0, buffer.length, this.#position)
    if (bytesRead > 0) {
      this.#readAhead.push({ buffer, bytes: bytesRead })
      if (this.#position !== null) this.#position += bytesRead
      return true
    }
    this.#freeBuffers.push(buffer)
    return await this.#goOnAtEnd()
  }

  async #goOnAtEnd(): Promise<boolean> {
    const next = this.#tail === undefined ? 'end' : await this.#tail.at(this.#position as number, this.#file.handle)
    if (next === 'end') this.#isAtEnd = true
    else if (next === 'rewritten') this.#isRewritten = true
    else if (next === 'wait' && !this.#isClosed) this.#timer = setTimeout(this.#onTimer, this.#tail?.pollIntervalMs)
    return next === 'more'
  }

  readonly #onTimer = () => {
    this.#timer = undefined
    void this.#readOn()
  }
}

interface Chunk {
  readonly buffer: Buffer
  readonly bytes: number
}
