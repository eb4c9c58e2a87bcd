/** Lets one caller wait for the next event. */
export class WakeUp {
  #promise: Promise<void> | undefined
  #resolve: () => void = () => {}

  wait(): Promise<void> {
    this.#promise ??= new Promise((resolve) => {
      this.#resolve = resolve
    })
    return this.#promise
  }

  wake(): void {
    this.#resolve()
    this.#promise = undefined
  }
}
