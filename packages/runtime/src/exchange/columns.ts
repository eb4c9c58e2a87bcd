import type { Frame } from './frame.ts'

/** The columns of the frame that is being filled, and of those before it that ended with an epoch. */
export class Columns {
  readonly #values: unknown[] = []
  readonly #keys: unknown[] | undefined
  readonly #timestamps: unknown[] = []
  #frameStart = 0

  constructor(keyed: boolean) {
    this.#keys = keyed ? [] : undefined
  }

  add(value: unknown, key: unknown, timestamp: unknown): number {
    this.#keys?.push(key)
    this.#timestamps.push(timestamp)
    return this.#values.push(value)
  }

  endFrame(): Frame | undefined {
    const from = this.#frameStart
    const count = this.#values.length
    if (from === count) return undefined
    this.#frameStart = count
    return { values: this.#values, start: 0, keys: this.#keys, timestamps: this.#timestamps, from, count }
  }
}
