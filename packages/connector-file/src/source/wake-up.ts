/** Lets one caller wait for the next event of an input. */
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

  /** Whoever waits fails; whoever waits later does not, so the input remembers the failure. */
  fail(reason: unknown): void {
    this.#reject(reason)
    this.#promise = undefined
  }
}
