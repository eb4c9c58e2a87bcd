/** A job goes on by itself after an outage, but whoever runs it is told of one that lasts. */
const SILENT_MS = 10_000

/** Warns once for each outage, with what was the matter last. */
export class OutageWarning {
  readonly #warn: (message: string) => void
  #timer: ReturnType<typeof setTimeout> | undefined
  #hasWarned = false
  #message = ''

  constructor(warn = (message: string) => process.emitWarning(message, { code: 'ERR_KAFKA' })) {
    this.#warn = warn
  }

  /** Something failed that will be tried again. */
  note(message: string): void {
    this.#message = message
    if (this.#hasWarned || this.#timer !== undefined) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#hasWarned = true
      this.#warn(`${this.#message} The job waits and goes on by itself when this is over.`)
    }, SILENT_MS)
    this.#timer.unref()
  }

  /** It works again. */
  end(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#hasWarned = false
  }
}
