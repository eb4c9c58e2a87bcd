import type { Writable } from 'node:stream'
import type { Sink, SinkPartition } from '@malstrom/core'

const CHUNK_CHARACTERS = 65_536

/** Writes every value as one line of JSON. A reader that does not keep up slows the job down. */
export function jsonLines(stream: Writable): Sink<unknown, unknown, unknown, 'all', undefined> {
  return { openPartition: () => new JsonLinesPartition(stream) }
}

class JsonLinesPartition implements SinkPartition<unknown, unknown, unknown, undefined> {
  saturated = false
  readonly #stream: Writable
  #text = ''

  constructor(stream: Writable) {
    this.#stream = stream
  }

  write(value: unknown): void {
    this.#text += `${JSON.stringify(value)}\n`
    if (this.#text.length < CHUNK_CHARACTERS) return
    this.saturated = !this.#stream.write(this.#text)
    this.#text = ''
  }

  async flush(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      // Also an empty text is answered only after everything before it.
      this.#stream.write(this.#text, (error) => (error ? reject(error) : resolve()))
      this.#text = ''
    })
    this.saturated = false
  }

  snapshot(): undefined {}

  close(): void {}
}
