/** A source of one's own, without state: each file is a partition, and a restart reads it from the beginning. */
import { readFileSync } from 'node:fs'
import { defineJob, numberTime, type Source, type SourceOutput, type SourcePartition, type SourceStatus, toConsole } from 'malstrom'
import { inputPaths, writeInputFiles } from './input-files.ts'

export interface FileLine {
  readonly path: string
  readonly line: string
}

/** Reads lines from files. The timestamp of a line is its number in its file, from 0. */
class FileSource implements Source<FileLine, number, string, undefined> {
  readonly time = numberTime
  readonly #paths: readonly string[]

  constructor(paths: readonly string[]) {
    this.#paths = paths
  }

  /** One partition for each path. */
  listPartitions(): readonly string[] {
    return this.#paths
  }

  openPartition(path: string): SourcePartition<FileLine, number, undefined> {
    return new FileLines(path)
  }
}

/** The lines of one file, which is small enough to be in memory. */
class FileLines implements SourcePartition<FileLine, number, undefined> {
  readonly #path: string
  readonly #lines: readonly string[]
  #next = 0

  constructor(path: string) {
    this.#path = path
    this.#lines = readFileSync(path, 'utf8').split('\n').slice(0, -1)
  }

  poll(output: SourceOutput<FileLine, number>, limit: number): SourceStatus {
    const end = Math.min(this.#next + limit, this.#lines.length)
    for (; this.#next < end; this.#next++) {
      output.emit({ path: this.#path, line: this.#lines[this.#next] as string }, this.#next)
    }
    return this.#next === this.#lines.length ? 'finished' : 'more'
  }

  /** Never called: `poll` never says `idle`, because all there is to read is in memory. */
  async ready(): Promise<void> {}

  snapshot(): undefined {}

  close(): void {}
}

export { writeInputFiles as prepare }

export default defineJob({
  name: 'file-source-stateless',
  module: import.meta.url,
  build(flow) {
    flow
      .source('files', new FileSource(inputPaths))
      .keyLocal('key-by-path', ({ path }) => path)
      .map('line', ({ line }) => line)
      .sink('stdout', toConsole())
  },
})
