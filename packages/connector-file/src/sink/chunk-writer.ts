/** A chunk is written as soon as this much waits; less than that waits for the end of the turn. */
export const WRITE_BYTES = 64 * 1024

/**
 * Collects pieces and writes them in chunks, one write at a time. What arrives during a write goes out
 * with the next one, so many small pieces become few writes without waiting for a full chunk.
 */
export class ChunkWriter<T> {
  readonly #write: (chunk: Buffer) => Promise<void>
  readonly #join: (pieces: readonly T[]) => Buffer
  readonly #bufferBytesMax: number
  #pieces: T[] = []
  #waitingBytes = 0
  #inFlightBytes = 0
  #writing: Promise<void> | undefined
  #isScheduled = false
  #isStopped = false
  #failure: { readonly reason: unknown } | undefined

  /** `write` must not be called again before it has resolved. If it rejects, the writer is lost. */
  constructor(write: (chunk: Buffer) => Promise<void>, join: (pieces: readonly T[]) => Buffer, bufferBytesMax: number) {
    this.#write = write
    this.#join = join
    this.#bufferBytesMax = bufferBytesMax
  }

  /** As much waits or is being written as the buffer may hold. */
  get saturated(): boolean {
    return this.#waitingBytes + this.#inFlightBytes >= this.#bufferBytesMax
  }

  /** `bytes` is what `piece` adds to the chunk. */
  push(piece: T, bytes: number): void {
    if (this.#failure !== undefined) throw this.#failure.reason
    this.#pieces.push(piece)
    this.#waitingBytes += bytes
    if (this.#writing !== undefined) return
    if (this.#waitingBytes >= WRITE_BYTES) this.#start()
    else if (!this.#isScheduled) {
      this.#isScheduled = true
      setImmediate(this.#onTurnEnd)
    }
  }

  /** Resolves when every piece has been written; rejects if one could not be. */
  async flush(): Promise<void> {
    while (this.#failure === undefined && (this.#waitingBytes > 0 || this.#writing !== undefined)) {
      this.#start()
      await this.#writing
    }
    if (this.#failure !== undefined) throw this.#failure.reason
  }

  /** Drops the pieces that wait, and resolves when the write that is on its way is done. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#pieces = []
    this.#waitingBytes = 0
    await this.#writing
  }

  readonly #onTurnEnd = () => {
    this.#isScheduled = false
    if (!this.#isStopped) this.#start()
  }

  #start(): void {
    if (this.#writing === undefined && this.#waitingBytes > 0 && this.#failure === undefined) this.#writing = this.#writeOut()
  }

  /** Never rejects: a failure is kept for the next `push` or `flush`. */
  async #writeOut(): Promise<void> {
    try {
      while (this.#waitingBytes > 0) {
        const chunk = this.#join(this.#pieces)
        this.#pieces = []
        this.#waitingBytes = 0
        this.#inFlightBytes = chunk.length
        await this.#write(chunk)
        this.#inFlightBytes = 0
      }
    } catch (reason) {
      this.#failure = { reason }
      this.#pieces = []
      this.#waitingBytes = 0
      this.#inFlightBytes = 0
    } finally {
      this.#writing = undefined
    }
  }
}
