/** A sink of one's own, with state: numbered lines in one file for each key, which a restart continues. */
import { closeSync, fsyncSync, ftruncateSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { defineJob, fromIterable, type Sink, type SinkPartition } from 'malstrom'

const numbers = [...Array(50).keys()] // 0 to 49
const directory = 'scratch/file-sink'

/** What a file needs to be continued: how much was in it at the snapshot. */
export interface WrittenSoFar {
  readonly lines: number
  readonly bytes: number
}

/** Writes the records of each key to `<key>.txt`, a line each, with line numbers. */
export class FileSink<T> implements Sink<string, string, T, string, WrittenSoFar> {
  readonly #directory: string

  constructor(directory: string) {
    this.#directory = directory
  }

  partitionOf(_value: string, key: string): string {
    return `${this.#directory}/${key}.txt`
  }

  openPartition(path: string, state: WrittenSoFar | undefined): SinkPartition<string, string, T, WrittenSoFar> {
    return new NumberedLines(path, state)
  }
}

class NumberedLines<T> implements SinkPartition<string, string, T, WrittenSoFar> {
  readonly saturated = false
  readonly #file: number
  #lines: number
  #bytes: number

  constructor(path: string, state: WrittenSoFar | undefined) {
    mkdirSync(dirname(path), { recursive: true })
    // Without a state the file is made anew, whatever a former run has left, where the Rust program
    // panics. With one, what was written after the snapshot goes away: it is about to be written again.
    this.#file = openSync(path, state === undefined ? 'w' : 'r+')
    this.#lines = state?.lines ?? 0
    this.#bytes = state?.bytes ?? 0
    ftruncateSync(this.#file, this.#bytes)
  }

  write(value: string): void {
    this.#bytes += writeSync(this.#file, `${this.#lines++} ${value}\n`, this.#bytes)
  }

  async flush(): Promise<void> {
    fsyncSync(this.#file)
  }

  snapshot(): WrittenSoFar {
    return { lines: this.#lines, bytes: this.#bytes }
  }

  close(): void {
    closeSync(this.#file)
  }
}

export default defineJob({
  name: 'file-sink-stateful',
  module: import.meta.url,
  build(flow) {
    flow
      .source('number', fromIterable(numbers))
      .keyDistribute('key-by-mod', (value) => String(value % 5))
      .map('int-to-string', (value) => String(value))
      .sink('file-sink', new FileSink(directory))
  },
})
