import { turns } from '../event-loop.ts'

interface Timer {
  readonly atMs: number
  readonly callback: () => void
}

/** Time and scheduling of a worker in a test: time passes only when it is told to. */
export class VirtualEnvironment {
  #nowMs = 0
  #scheduled = 0
  readonly #timers = new Set<Timer>()

  readonly nowMs = (): number => this.#nowMs

  readonly dateMs = (): number => this.#nowMs

  readonly soon = (callback: () => void): void => {
    this.#scheduled++
    setImmediate(() => {
      this.#scheduled--
      callback()
    })
  }

  readonly after = (delayMs: number, callback: () => void): (() => void) => {
    const timer = { atMs: this.#nowMs + delayMs, callback }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** Timers that wait. */
  get timers(): number {
    return this.#timers.size
  }

  /** Runs until nothing but time or the outer world can make anything happen. */
  async settle(): Promise<void> {
    do await turns(1)
    while (this.#scheduled > 0)
  }

  /** Lets time pass; timers run in the order in which they are due. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms
    await this.settle()
    for (;;) {
      const due = [...this.#timers].filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0]
      if (due === undefined) break
      this.#nowMs = due.atMs
      this.#timers.delete(due)
      due.callback()
      await this.settle()
    }
    this.#nowMs = untilMs
  }
}
