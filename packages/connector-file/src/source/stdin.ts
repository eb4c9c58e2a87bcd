import type { Readable } from 'node:stream'
import { isMainThread } from 'node:worker_threads'
import { MalstromError, numberTime, type PartitionContext, type Source, type SourcePartition } from '@malstrom/core'
import { type CsvOptions, type CsvRow, csvFormat } from './csv-parser.ts'
import { FILE_START, type FilePosition } from './file-position.ts'
import { type LineOptions, lineFormat } from './line-parser.ts'
import { ndjsonFormat } from './ndjson-parser.ts'
import type { RecordFormat } from './record-parser.ts'
import { RecordPartition } from './record-partition.ts'
import { StreamInput } from './stream-input.ts'

export interface StdinOptions {
  /**
   * Read this stream instead.
   * @default process.stdin
   */
  readonly stream?: Readable
}

/**
 * The lines of standard input, like `textFile`. Reads no faster than the job takes them.
 *
 * Standard input cannot be read again. After a restart the records go on with what standard input
 * gives then, numbered on from the saved position; what had been read and was not in the snapshot is
 * lost. Read a file where that matters. Only the main thread has standard input.
 */
export function stdinLines(options: StdinOptions & LineOptions = {}): Source<string, number, string, FilePosition> {
  return new StdinSource('stdinLines', lineFormat('stdinLines', options), options.stream)
}

/** The JSON values on standard input, one per line, like `ndjsonFile`; restarts as for `stdinLines`. */
export function stdinNdjson<V>(options: StdinOptions & LineOptions = {}): Source<V, number, string, FilePosition> {
  return new StdinSource('stdinNdjson', ndjsonFormat<V>('stdinNdjson', options), options.stream)
}

/** The CSV records on standard input, like `csvFile`; restarts as for `stdinLines`, with a header again. */
export function stdinCsv(
  options?: StdinOptions & CsvOptions & { readonly header?: true },
): Source<Record<string, string>, number, string, FilePosition>
export function stdinCsv(options: StdinOptions & CsvOptions & { readonly header: false }): Source<string[], number, string, FilePosition>
export function stdinCsv<const Name extends string>(
  options: StdinOptions & CsvOptions & { readonly header: readonly Name[] },
): Source<Record<Name, string>, number, string, FilePosition>
export function stdinCsv(options: StdinOptions & CsvOptions = {}): Source<CsvRow, number, string, FilePosition> {
  return new StdinSource('stdinCsv', csvFormat('stdinCsv', options), options.stream)
}

const PARTITION = 'stdin'

export class StdinSource<V> implements Source<V, number, string, FilePosition> {
  readonly time = numberTime
  readonly #name: string
  readonly #format: RecordFormat<V>
  readonly #stream: Readable | undefined

  constructor(name: string, format: RecordFormat<V>, stream: Readable | undefined) {
    this.#name = name
    this.#format = format
    this.#stream = stream
  }

  listPartitions(): readonly string[] {
    return [PARTITION]
  }

  openPartition(_partition: string, state: FilePosition | undefined, context: PartitionContext): SourcePartition<V, number, FilePosition> {
    const { operator, worker } = context
    const origin = { path: PARTITION, context: { operator, worker, partition: PARTITION } }
    if (this.#stream === undefined && !isMainThread) {
      const problem = `${this.#name}: a worker thread has no standard input. Run the job with one worker, or read a file.`
      throw new MalstromError('ERR_SOURCE_FAILED', problem, { context: origin.context })
    }
    const input = new StreamInput(this.#stream ?? process.stdin, 'Standard input', origin.context)
    // The bytes are new ones, so only the numbering goes on.
    const start = { ...FILE_START, index: state?.index ?? 0 }
    return new RecordPartition(input, this.#format, this.#format.open(origin), origin, start)
  }
}
