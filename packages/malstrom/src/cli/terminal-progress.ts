import type { ProgressStream } from './progress-line.ts'

const ERASE_LINE = '\r\u001b[2K'

/** The part of `process.stdout` and `process.stderr` that progress needs. */
export interface TerminalStream {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): boolean
}

/**
 * Where the progress of a job goes. If the job prints to the same terminal, the line of progress makes
 * room for what it prints, and never replaces a line that the job has not ended yet.
 */
export class TerminalProgress implements ProgressStream {
  readonly isTTY: boolean
  readonly #errors: TerminalStream
  readonly #restore: () => void
  #isShown = false
  #isLineOpen = false

  constructor(errors: TerminalStream, output: TerminalStream, noColor: string | undefined) {
    this.#errors = errors
    this.isTTY = errors.isTTY === true && (noColor ?? '') === ''
    this.#restore = this.isTTY && output.isTTY === true ? this.#watch(output) : () => {}
  }

  get columns(): number {
    return this.#errors.columns ?? 0
  }

  write(text: string): void {
    if (this.#isLineOpen) return
    this.#isShown = this.isTTY && text !== ERASE_LINE
    this.#errors.write(text)
  }

  /** To be called when the job has ended. */
  stop(): void {
    this.#restore()
  }

  #watch(output: TerminalStream): () => void {
    const write = output.write
    output.write = (...args: Parameters<typeof write>) => {
      if (this.#isShown) this.#errors.write(ERASE_LINE)
      this.#isShown = false
      // A chunk may be bytes, and an empty one changes nothing.
      const chunk = args[0] as string | Uint8Array
      if (chunk.length > 0) this.#isLineOpen = chunk.at(-1) !== '\n' && chunk.at(-1) !== 10
      return write.apply(output, args)
    }
    return () => {
      output.write = write
    }
  }
}
