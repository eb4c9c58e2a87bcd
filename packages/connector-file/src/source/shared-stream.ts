import type { Readable } from 'node:stream'

/** Gets what a stream gives. */
export interface StreamReader {
  push(bytes: Uint8Array): void
  /** It wants no more for now; as soon as it does, it calls `SharedStream.drained`. */
  readonly isFull: boolean
  end(): void
  fail(thrown: unknown): void
}

/** Whoever reads a stream in this process, or has read it. */
const sharedStreams = new WeakMap<Readable, SharedStream>()

/**
 * One Node stream and all that read it: each gets every byte that comes while it is there. The stream waits for the slowest.
 * It is not read before the first of them asks, so that all sources of a job begin at the same byte.
 */
export class SharedStream {
  /** Bytes, and line ends among them, that were given out. */
  bytes = 0
  lines = 0
  /** The last byte was in the middle of a line. */
  isCut = false
  readonly #stream: Readable
  readonly #readers = new Set<StreamReader>()
  #isReading = false

  private constructor(stream: Readable) {
    this.#stream = stream
  }

  static of(stream: Readable): SharedStream {
    let shared = sharedStreams.get(stream)
    if (shared === undefined) {
      shared = new SharedStream(stream)
      sharedStreams.set(stream, shared)
    }
    return shared
  }

  /** Nothing will come. A stream that was closed before it ended was stopped by this process, so nothing was lost. */
  get hasEnded(): boolean {
    return this.#stream.readableEnded || this.#stream.destroyed
  }

  join(reader: StreamReader): void {
    if (this.#readers.size === 0) {
      const stream = this.#stream
      stream.pause() // Otherwise it flows as soon as somebody listens.
      stream.on('data', this.#onData).on('end', this.#onEnd).on('close', this.#onEnd).on('error', this.#onError)
    }
    this.#readers.add(reader)
  }

  /** When the last one leaves, the stream is read no more, so that a process with nothing else to do ends even if the stream goes on. */
  leave(reader: StreamReader): void {
    if (!this.#readers.delete(reader)) return
    if (this.#readers.size > 0) {
      this.drained()
      return
    }
    const stream = this.#stream
    stream.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onEnd).off('error', this.#onError)
    stream.pause()
    this.#isReading = false
  }

  /** Somebody wants to read. */
  start(): void {
    if (this.#isReading) return
    this.#isReading = true
    this.drained()
  }

  /** Goes on if nobody is full. */
  drained(): void {
    if (!this.#isReading || this.hasEnded) return
    for (const { isFull } of this.#readers) if (isFull) return
    this.#stream.resume()
  }

  readonly #onData = (chunk: Uint8Array | string) => {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    this.bytes += bytes.length
    for (let i = 0; i < bytes.length; i++) if (bytes[i] === NEWLINE) this.lines++
    this.isCut = bytes.length === 0 ? this.isCut : bytes[bytes.length - 1] !== NEWLINE
    for (const reader of this.#readers) {
      reader.push(bytes)
      if (reader.isFull) this.#stream.pause()
    }
  }

  readonly #onEnd = () => {
    for (const reader of this.#readers) reader.end()
  }

  readonly #onError = (thrown: unknown) => {
    for (const reader of this.#readers) reader.fail(thrown)
  }
}

const NEWLINE = 10
