/** Lets one loop wait until somebody has something for it. A wake-up that comes before the wait is not lost. */
export class WakeUp {
  #resolve: (() => void) | undefined
  #isAwake = false

  async wait(): Promise<void> {
    if (!this.#isAwake) {
      await new Promise<void>((resolve) => {
        this.#resolve = resolve
      })
    }
    this.#isAwake = false
  }

  wake(): void {
    this.#isAwake = true
    this.#resolve?.()
    this.#resolve = undefined
  }
}
