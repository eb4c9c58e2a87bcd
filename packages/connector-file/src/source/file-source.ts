import { numberTime, type PartitionContext, type Source, type SourcePartition } from '@malstrom/core'
import { FileInput } from './file-input.ts'
import { FILE_START, type FilePosition } from './file-position.ts'
import type { RecordFormat, RecordOrigin, RecordParser } from './record-parser.ts'
import { RecordPartition } from './record-partition.ts'

/** Files of one format; each is a partition, named by its path. */
export class FileSource<V> implements Source<V, number, string, FilePosition> {
  readonly time = numberTime
  readonly #paths: readonly string[]
  readonly #format: RecordFormat<V>

  constructor(paths: readonly string[], format: RecordFormat<V>) {
    this.#paths = paths
    this.#format = format
  }

  listPartitions(): readonly string[] {
    return this.#paths
  }

  async openPartition(
    path: string,
    state: FilePosition | undefined,
    { operator, worker }: PartitionContext,
  ): Promise<SourcePartition<V, number, FilePosition>> {
    const origin: RecordOrigin = { path, context: { operator, worker, partition: path } }
    const start = state ?? FILE_START
    const parser = this.#format.open(origin)
    if (start.offset > 0 && !parser.primed) await this.#prime(parser, origin)
    return new RecordPartition(await FileInput.open(path, start.offset, origin.context), this.#format, parser, origin, start)
  }

  /** Shows the first record of the file to a parser that is to continue after it. */
  async #prime(parser: RecordParser<V>, origin: RecordOrigin): Promise<void> {
    const input = await FileInput.open(origin.path, 0, origin.context)
    const beginning = new RecordPartition(input, this.#format, parser, origin, FILE_START)
    try {
      while (!parser.primed) {
        const status = beginning.poll(NOWHERE, 1)
        if (status === 'finished') return
        if (status === 'idle' && !parser.primed) await beginning.ready()
      }
    } finally {
      await beginning.close()
    }
  }
}

const NOWHERE = { emit: () => {}, emitAll: () => {}, emitIndexed: () => {} }
