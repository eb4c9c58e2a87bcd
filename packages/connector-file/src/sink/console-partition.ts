import type { Writable } from 'node:stream'
import { type ErrorContext, MalstromError, messageOf, type SinkPartition } from '@malstrom/core'
import { systemCode } from '../file-error.ts'
import { SharedOutput } from './shared-output.ts'

/** The lines of one sink on a stream. */
export class ConsolePartition<V, K, T> implements SinkPartition<V, K, T, undefined> {
  readonly #output: SharedOutput
  readonly #format: (value: V, key: K, timestamp: T) => string
  readonly #context: ErrorContext
  #isClosed = false

  constructor(stream: Writable, format: (value: V, key: K, timestamp: T) => string, context: ErrorContext) {
    this.#output = SharedOutput.acquire(stream)
    this.#format = format
    this.#context = context
  }

  get saturated(): boolean {
    return this.#output.lines.saturated
  }

  write(value: V, key: K, timestamp: T): void {
    const line = this.#format(value, key, timestamp)
    try {
      this.#output.lines.push(line)
    } catch (thrown) {
      throw this.#failure(thrown)
    }
  }

  async flush(): Promise<void> {
    try {
      await this.#output.lines.flush()
    } catch (thrown) {
      throw this.#failure(thrown)
    }
  }

  snapshot(): undefined {}

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#output.release()
  }

  #failure(thrown: unknown): MalstromError {
    const reason =
      systemCode(thrown) === 'EPIPE'
        ? 'its reader has closed it (EPIPE), as `| head` does. Keep the reader open, or print less.'
        : `${messageOf(thrown)}.`
    const problem = `The output takes no more lines: ${reason}`
    return new MalstromError('ERR_SINK_FAILED', problem, { cause: thrown, context: this.#context, outcome: 'unknown' })
  }
}
