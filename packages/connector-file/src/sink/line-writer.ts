/** A chunk is written as soon as this much waits; less than that waits for the end of the turn. */
export const WRITE_BYTES = 64 * 1024

/**
 * Collects lines and writes them in chunks, one write at a time. What arrives during a write goes out
 * with the next one, so many small lines become few writes without waiting for a full chunk.
 */
export class LineWriter {
  readonly #write: (chunk: Buffer) => Promise<void>
  readonly #bufferBytesMax: number
  #lines: string[] = []
  #waitingBytes = 0
  #inFlightBytes = 0
  #writing: Promise<void> | undefined
  #isScheduled = false
  #isStopped = false
  #failure: { readonly reason: unknown } | undefined

  /** `write` must not be called again before it has resolved. If it rejects, the writer is lost. */
  constructor(write: (chunk: Buffer) => Promise<void>, bufferBytesMax: number) {
    this.#write = write
    this.#bufferBytesMax = bufferBytesMax
  }

  /** As much waits or is being written as the buffer may hold. */
  get saturated(): boolean {
    return this.#waitingBytes + this.#inFlightBytes >= this.#bufferBytesMax
  }

  push(line: string): void {
    if (this.#failure !== undefined) throw this.#failure.reason
    this.#lines.push(line)
    this.#waitingBytes += Buffer.byteLength(line) + 1
    if (this.#writing !== undefined) return
    if (this.#waitingBytes >= WRITE_BYTES) this.#start()
    else if (!this.#isScheduled) {
      this.#isScheduled = true
      setImmediate(this.#onTurnEnd)
    }
  }

  /** Resolves when every line has been written; rejects if one could not be. */
  async flush(): Promise<void> {
    while (this.#failure === undefined && (this.#waitingBytes > 0 || this.#writing !== undefined)) {
      this.#start()
      await this.#writing
    }
    if (this.#failure !== undefined) throw this.#failure.reason
  }

  /** Drops the lines that wait, and resolves when the write that is on its way is done. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#lines = []
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
        const chunk = Buffer.from(`${this.#lines.join('\n')}\n`)
        this.#lines = []
        this.#waitingBytes = 0
        this.#inFlightBytes = chunk.length
        await this.#write(chunk)
        this.#inFlightBytes = 0
      }
    } catch (reason) {
      this.#failure = { reason }
      this.#lines = []
      this.#waitingBytes = 0
      this.#inFlightBytes = 0
    } finally {
      this.#writing = undefined
    }
  }
}
