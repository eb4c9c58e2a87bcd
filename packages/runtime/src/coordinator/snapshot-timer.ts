import type { Environment } from '../worker/environment.ts'

/** Has something done again and again, until it is stopped. */
export class SnapshotTimer {
  readonly #environment: Environment
  readonly #intervalMs: number | undefined
  readonly #due: () => void
  #cancel: () => void = () => {}

  /** Without an interval, or with an infinite one, nothing is ever due. */
  constructor(environment: Environment, intervalMs: number | undefined, due: () => void) {
    this.#environment = environment
    this.#intervalMs = intervalMs
    this.#due = due
  }

  /** Counts from now, also if it had been started before. */
  start(): void {
    this.#cancel()
    if (this.#intervalMs === undefined || !Number.isFinite(this.#intervalMs)) return
    this.#cancel = this.#environment.after(this.#intervalMs, () => {
      this.#due()
      this.start()
    })
  }

  stop(): void {
    this.#cancel()
  }
}
