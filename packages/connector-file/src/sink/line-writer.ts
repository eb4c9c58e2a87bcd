import { ChunkWriter } from './chunk-writer.ts'

/** Collects lines and writes them in chunks, one write at a time. */
export class LineWriter {
  readonly #chunks: ChunkWriter<string>

  /** As for `ChunkWriter`. */
  constructor(write: (chunk: Buffer) => Promise<void>, bufferBytesMax: number) {
    this.#chunks = new ChunkWriter(write, joinLines, bufferBytesMax)
  }

  get saturated(): boolean {
    return this.#chunks.saturated
  }

  push(line: string): void {
    this.#chunks.push(line, Buffer.byteLength(line) + 1)
  }

  flush(): Promise<void> {
    return this.#chunks.flush()
  }

  stop(): Promise<void> {
    return this.#chunks.stop()
  }
}

function joinLines(lines: readonly string[]): Buffer {
  return Buffer.from(`${lines.join('\n')}\n`)
}
