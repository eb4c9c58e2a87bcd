import type { Readable } from 'node:stream'
import { type ErrorContext, MalstromError, messageOf } from '@malstrom/core'
import type { ByteInput } from './byte-input.ts'
import { WakeUp } from './wake-up.ts'

/** The stream is paused while this much of it waits to be parsed; it may add one chunk more. */
export const STDIN_BUFFER_BYTES_MAX = 256 * 1024

/** A Node stream is read by one input at a time: two would each get a part, or both everything. */
const streamsInUse = new WeakSet<Readable>()

/** A Node stream, read no faster than `take` is called. */
export class StreamInput implements ByteInput {
  readonly #stream: Readable
  readonly #name: string
  readonly #context: ErrorContext
  readonly #wakeUp = new WakeUp()
  #waiting = Buffer.allocUnsafeSlow(STDIN_BUFFER_BYTES_MAX)
  #spare = Buffer.allocUnsafeSlow(STDIN_BUFFER_BYTES_MAX)
  #waitingBytes = 0
  #isAtEnd = false
  #isClosed = false
  #failure: MalstromError | undefined

  constructor(stream: Readable, name: string, context: ErrorContext) {
    this.#stream = stream
    this.#name = name
    this.#context = context
    if (streamsInUse.has(stream)) {
      const problem = `${name} is already being read by another source. Read it once, and give its records to several readers.`
      throw new MalstromError('ERR_SOURCE_CONSUMED', problem, { context })
    }
    streamsInUse.add(stream)
    // A stream that was closed before it ended was stopped by this process, so nothing was lost.
    this.#isAtEnd = stream.readableEnded || stream.destroyed
    stream.on('data', this.#onData).on('end', this.#onEnd).on('close', this.#onEnd).on('error', this.#onError)
    if (!this.#isAtEnd) stream.resume()
  }

  get ended(): boolean {
    return this.#isAtEnd && this.#waitingBytes === 0
  }

  take(): Uint8Array | undefined {
    if (this.#waitingBytes === 0) {
      if (this.#failure !== undefined) throw this.#failure
      return undefined
    }
    const taken = this.#waiting.subarray(0, this.#waitingBytes)
    const spare = this.#spare
    this.#spare = this.#waiting
    this.#waiting = spare
    this.#waitingBytes = 0
    if (!this.#isAtEnd && !this.#isClosed) this.#stream.resume()
    return taken
  }

  async ready(): Promise<void> {
    if (this.#waitingBytes > 0 || this.#isAtEnd || this.#isClosed) return
    if (this.#failure !== undefined) throw this.#failure
    await this.#wakeUp.wait()
  }

  /** Stops reading, so that a process with nothing else to do ends even if the stream goes on. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    const stream = this.#stream
    stream.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onEnd).off('error', this.#onError)
    stream.pause()
    streamsInUse.delete(stream)
    this.#wakeUp.wake()
  }

  readonly #onData = (chunk: Uint8Array | string) => {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    const needed = this.#waitingBytes + bytes.length
    if (needed > this.#waiting.length) {
      const larger = Buffer.allocUnsafeSlow(needed)
      this.#waiting.copy(larger, 0, 0, this.#waitingBytes)
      this.#waiting = larger
    }
    this.#waiting.set(bytes, this.#waitingBytes)
    this.#waitingBytes = needed
    if (needed >= STDIN_BUFFER_BYTES_MAX) this.#stream.pause()
    this.#wakeUp.wake()
  }

  readonly #onEnd = () => {
    this.#isAtEnd = true
    this.#wakeUp.wake()
  }

  readonly #onError = (thrown: unknown) => {
    const problem = `${this.#name} broke off: ${messageOf(thrown)}.`
    this.#failure = new MalstromError('ERR_SOURCE_FAILED', problem, { cause: thrown, context: this.#context })
    this.#wakeUp.fail(this.#failure)
  }
}
