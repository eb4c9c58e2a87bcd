import type { Writable } from 'node:stream'
import { LineWriter } from './line-writer.ts'

/** The worker waits while this much is printed and not yet taken by the reader of the output. */
export const CONSOLE_BUFFER_BYTES_MAX = 256 * 1024

const outputs = new WeakMap<Writable, SharedOutput>()

/**
 * A Node stream that several sinks print to, such as standard output. They share one buffer, so their
 * lines come in the order in which they were written. The stream belongs to the process: it is never
 * ended.
 */
export class SharedOutput {
  readonly lines: LineWriter
  readonly #stream: Writable
  #users = 0

  private constructor(stream: Writable) {
    this.#stream = stream
    this.lines = new LineWriter((chunk) => this.#print(chunk), CONSOLE_BUFFER_BYTES_MAX)
    // Node ends the process at an `error` event that nobody listens to; the error reaches the sinks through the failed write.
    stream.on('error', ignoreKnownError)
  }

  /** Every caller calls `release` when it is done. */
  static acquire(stream: Writable): SharedOutput {
    const output = outputs.get(stream) ?? new SharedOutput(stream)
    outputs.set(stream, output)
    output.#users++
    return output
  }

  /** Does not wait for the lines that are left: a reader that has stopped reading would keep the job from ending. */
  release(): void {
    this.#users--
    if (this.#users > 0) return
    outputs.delete(this.#stream)
    // The event of a failed write comes some turns after its callback.
    const settle = () => setImmediate(() => this.#stream.off('error', ignoreKnownError))
    this.lines.flush().then(settle, settle)
  }

  #print(chunk: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#stream.write(chunk, (thrown) => (thrown ? reject(thrown) : resolve()))
    })
  }
}

function ignoreKnownError(): void {}
