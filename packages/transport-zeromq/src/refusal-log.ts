const TEXTS_MAX = 1_000

/** Says who was turned away and why: the first time, and then at 10, 100, 1,000 ... times, so that nobody can fill a log. */
export class RefusalLog {
  readonly #write: (line: string) => void
  readonly #counts = new Map<string, number>()

  constructor(write: (line: string) => void) {
    this.#write = write
  }

  /** `text` names no port or other detail that changes with every attempt, and no credentials. */
  add(text: string): void {
    const count = (this.#counts.get(text) ?? 0) + 1
    if (this.#counts.size >= TEXTS_MAX) this.#counts.clear()
    this.#counts.set(text, count)
    if (count === 1) this.#write(text)
    else if (Number.isInteger(Math.log10(count))) this.#write(`${text} (${count} times)`)
  }
}
