type Send = (value: unknown, key: unknown, timestamp: unknown) => void

/**
 * Holds what a user's function emits for one record until the function has returned: nothing of a record that fails half-way comes
 * out, and what throws behind the operator does not look like an error of the function.
 */
export class HeldOutput {
  /** Where records go. */
  target: Send = () => {}
  #holding = false
  #values: unknown[] = []
  #keys: unknown[] = []
  #timestamps: unknown[] = []

  readonly send: Send = (value, key, timestamp) => {
    if (!this.#holding) {
      this.target(value, key, timestamp)
      return
    }
    this.#values.push(value)
    this.#keys.push(key)
    this.#timestamps.push(timestamp)
  }

  hold(): void {
    this.#holding = true
  }

  /** Passes on what was held. */
  release(): void {
    this.#holding = false
    const values = this.#values
    if (values.length === 0) return
    const [keys, timestamps] = [this.#keys, this.#timestamps]
    this.drop()
    for (let i = 0; i < values.length; i++) this.target(values[i], keys[i], timestamps[i])
  }

  /** Forgets what was held. */
  drop(): void {
    this.#holding = false
    if (this.#values.length === 0) return
    this.#values = []
    this.#keys = []
    this.#timestamps = []
  }
}
