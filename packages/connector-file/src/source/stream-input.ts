import type { Readable } from 'node:stream'
import { type ErrorContext, MalstromError, messageOf, WakeUp } from '@malstrom/core'
import type { ByteInput } from './byte-input.ts'
import { SharedStream, type StreamReader } from './shared-stream.ts'

/** The stream is paused while this much of it waits to be parsed; it may add one chunk more. */
export const STDIN_BUFFER_BYTES_MAX = 256 * 1024

/** A Node stream from now on, read no faster than `take` is called. */
export class StreamInput implements ByteInput, StreamReader {
  readonly #shared: SharedStream
  readonly #name: string
  readonly #context: ErrorContext
  readonly #wakeUp = new WakeUp()
  #waiting = Buffer.allocUnsafeSlow(STDIN_BUFFER_BYTES_MAX)
  #spare = Buffer.allocUnsafeSlow(STDIN_BUFFER_BYTES_MAX)
  #waitingBytes = 0
  #isAtEnd: boolean
  #isClosed = false
  #failure: MalstromError | undefined

  constructor(stream: Readable, name: string, context: ErrorContext) {
    this.#shared = SharedStream.of(stream)
    this.#name = name
    this.#context = context
    this.#isAtEnd = this.#shared.hasEnded
    this.#shared.join(this)
  }

  get ended(): boolean {
    return this.#isAtEnd && this.#waitingBytes === 0
  }

  get isFull(): boolean {
    return this.#waitingBytes >= STDIN_BUFFER_BYTES_MAX
  }

  take(): Uint8Array | undefined {
    if (this.#waitingBytes === 0) {
      if (this.#failure !== undefined) throw this.#failure
      if (!this.#isClosed) this.#shared.start()
      return undefined
    }
    const { isFull } = this
    const taken = this.#waiting.subarray(0, this.#waitingBytes)
    const spare = this.#spare
    this.#spare = this.#waiting
    this.#waiting = spare
    this.#waitingBytes = 0
    if (isFull && !this.#isClosed) this.#shared.drained()
    return taken
  }

  async ready(): Promise<void> {
    if (this.#waitingBytes > 0 || this.#isAtEnd || this.#isClosed) return
    if (this.#failure !== undefined) throw this.#failure
    this.#shared.start()
    await this.#wakeUp.wait()
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#shared.leave(this)
    this.#wakeUp.wake()
  }

  push(bytes: Uint8Array): void {
    const needed = this.#waitingBytes + bytes.length
    if (needed > this.#waiting.length) {
      const larger = Buffer.allocUnsafeSlow(needed)
      this.#waiting.copy(larger, 0, 0, this.#waitingBytes)
      this.#waiting = larger
    }
    this.#waiting.set(bytes, this.#waitingBytes)
    this.#waitingBytes = needed
    this.#wakeUp.wake()
  }

  end(): void {
    this.#isAtEnd = true
    this.#wakeUp.wake()
  }

  fail(thrown: unknown): void {
    const problem = `${this.#name} broke off: ${messageOf(thrown)}.`
    this.#failure = new MalstromError('ERR_SOURCE_FAILED', problem, { cause: thrown, context: this.#context })
    this.#wakeUp.fail(this.#failure)
  }
}
