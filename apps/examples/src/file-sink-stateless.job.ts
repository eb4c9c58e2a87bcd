/** A sink of one's own, without state: each record becomes a file of its own, named by its key. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineJob, fromIterable, type Sink, type SinkPartition } from 'malstrom'

const directory = 'scratch/file-sink'

/** Writes each record to `<key>.txt`. */
class FileSink<T> implements Sink<string, string, T, string, undefined> {
  readonly #directory: string

  constructor(directory: string) {
    this.#directory = directory
  }

  partitionOf(): string {
    return this.#directory
  }

  openPartition(directory: string): SinkPartition<string, string, T, undefined> {
    mkdirSync(directory, { recursive: true })
    return new FilePerRecord(directory)
  }
}

class FilePerRecord<T> implements SinkPartition<string, string, T, undefined> {
  readonly saturated = false
  readonly #directory: string

  constructor(directory: string) {
    this.#directory = directory
  }

  /**
   * Replaces what a former run has left, where the Rust program panics. A record that is written
   * again after a restart makes the same file again, so at-least-once is enough here.
   */
  write(value: string, key: string): void {
    writeFileSync(join(this.#directory, `${key}.txt`), `${value}\n`)
  }

  async flush(): Promise<void> {}

  snapshot(): undefined {}

  close(): void {}
}

export default defineJob({
  name: 'file-sink-stateless',
  module: import.meta.url,
  build(flow) {
    flow
      .source('number', fromIterable([0, 1, 2, 3, 4]))
      .keyDistribute('key-by-value', (value) => String(value))
      .map('int-to-string', (value) => String(value))
      .sink('file-sink', new FileSink(directory))
  },
})
