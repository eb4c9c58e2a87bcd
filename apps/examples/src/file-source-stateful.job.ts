/** A source of one's own, with state: its position is saved in snapshots, and a restart goes on from there. */
import { type FileHandle, open } from 'node:fs/promises'
import { defineJob, numberTime, type Source, type SourceOutput, type SourcePartition, type SourceStatus, toConsole } from 'malstrom'
import { inputPaths, writeInputFiles } from './input-files.ts'

export interface FileLine {
  readonly path: string
  readonly line: string
}

/** Reads lines from files. The timestamp of a line is its number in its file, from 0; the position is the number of the next line. */
export class FileSource implements Source<FileLine, number, string, number> {
  readonly time = numberTime
  readonly #paths: readonly string[]

  constructor(paths: readonly string[]) {
    this.#paths = paths
  }

  /** One partition for each path. */
  listPartitions(): readonly string[] {
    return this.#paths
  }

  async openPartition(path: string, nextLine = 0): Promise<SourcePartition<FileLine, number, number>> {
    const file = await open(path)
    const lines = file.readLines()[Symbol.asyncIterator]()
    for (let line = 0; line < nextLine; line++) await lines.next()
    return new FileLines(path, file, lines, nextLine)
  }
}

/** The lines of one file, read as the job asks for them. */
class FileLines implements SourcePartition<FileLine, number, number> {
  readonly #path: string
  readonly #file: FileHandle
  readonly #lines: AsyncIterator<string>
  /** Has been read but not emitted. */
  #line: string | undefined
  #nextLine: number
  #ended = false

  constructor(path: string, file: FileHandle, lines: AsyncIterator<string>, nextLine: number) {
    this.#path = path
    this.#file = file
    this.#lines = lines
    this.#nextLine = nextLine
  }

  /** Only emits what is there: it must not wait, so reading the next line is left to `ready`. */
  poll(output: SourceOutput<FileLine, number>): SourceStatus {
    if (this.#line !== undefined) output.emit({ path: this.#path, line: this.#line }, this.#nextLine++)
    this.#line = undefined
    return this.#ended ? 'finished' : 'idle'
  }

  async ready(): Promise<void> {
    const { value, done } = await this.#lines.next()
    if (done) this.#ended = true
    else this.#line = value
  }

  /** A line that was read but not emitted is not counted, so it is read again. */
  snapshot(): number {
    return this.#nextLine
  }

  async close(): Promise<void> {
    await this.#lines.return?.()
    await this.#file.close()
  }
}

export { writeInputFiles as prepare }

export default defineJob({
  name: 'file-source-stateful',
  module: import.meta.url,
  build(flow) {
    flow
      .source('files', new FileSource(inputPaths))
      .keyLocal('key-by-path', ({ path }) => path)
      .map('line', ({ line }) => line)
      .sink('stdout', toConsole())
  },
})
