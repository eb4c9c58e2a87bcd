/**
 * Lets `ready()` of a source's partition wait for the next event: for those who write sources. A wake-up for which nobody waits is
 * forgotten, so look for what has come before you wait.
 */
export class WakeUp {
  #promise: Promise<void> | undefined
  #resolve: () => void = () => {}
  #reject: (reason: unknown) => void = () => {}

  wait(): Promise<void> {
    this.#promise ??= new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    return this.#promise
  }

  wake(): void {
    this.#resolve()
    this.#promise = undefined
  }

  /** Whoever waits fails; whoever waits later does not, so the source remembers the failure. */
  fail(reason: unknown): void {
    this.#reject(reason)
    this.#promise = undefined
  }
}
