type Signal = 'SIGINT' | 'SIGTERM'

/** npm and pnpm send their child the Ctrl-C that the terminal has sent it already; what comes so soon is the same one. */
const SAME_KEYSTROKE_MS = 100

/** What can be ended. */
export interface Interruptible {
  cancel(): Promise<unknown>
  suspend(): Promise<unknown>
}

const statusOf: Record<Signal, number> = { SIGINT: 130, SIGTERM: 143 }

/**
 * Ends a job by Ctrl-C or SIGTERM. The first signal suspends it, if it keeps state, so that the next start goes
 * on where it was; otherwise it cancels it, which flushes and closes its sinks. The second one ends the process at once. Listens from its creation until `stop`.
 */
export class Interruption {
  #execution: Interruptible | undefined
  #signal: Signal | undefined
  #sinceMs = 0
  readonly #announce: (status: number) => void
  readonly #listeners: Record<Signal, () => void> = { SIGINT: () => this.#receive('SIGINT'), SIGTERM: () => this.#receive('SIGTERM') }

  readonly #suspends: boolean

  /** `announce` is called with the exit status at the first signal. */
  constructor(suspends: boolean, announce: (status: number) => void) {
    this.#suspends = suspends
    this.#announce = announce
    process.on('SIGINT', this.#listeners.SIGINT)
    process.on('SIGTERM', this.#listeners.SIGTERM)
  }

  /** The exit status that the signal asks for; `undefined` if none came. */
  get status(): number | undefined {
    return this.#signal && statusOf[this.#signal]
  }

  /** The job has started. */
  started(execution: Interruptible): void {
    this.#execution = execution
    if (this.#signal !== undefined) this.#cancel()
  }

  stop(): void {
    process.off('SIGINT', this.#listeners.SIGINT)
    process.off('SIGTERM', this.#listeners.SIGTERM)
  }

  #receive(signal: Signal): void {
    const nowMs = performance.now()
    if (this.#signal !== undefined) {
      if (nowMs - this.#sinceMs >= SAME_KEYSTROKE_MS) process.exit(statusOf[signal])
      return
    }
    this.#signal = signal
    this.#sinceMs = nowMs
    this.#announce(statusOf[signal])
    this.#cancel()
  }

  #cancel(): void {
    // A failure to close is told by `finished`.
    if (this.#suspends) this.#execution?.suspend().catch(() => this.#execution?.cancel().catch(() => {}))
    else this.#execution?.cancel().catch(() => {})
  }
}
