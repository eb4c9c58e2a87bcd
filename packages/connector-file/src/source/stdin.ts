import type { Readable } from 'node:stream'
import { isMainThread } from 'node:worker_threads'
import { MalstromError, numberTime, type PartitionContext, type Source, type SourcePartition } from '@malstrom/core'
import { type CsvOptions, type CsvRow, csvFormat } from './csv-parser.ts'
import type { FilePosition } from './file-position.ts'
import { GroupMember } from './line-group.ts'
import { type LineOptions, lineFormat } from './line-parser.ts'
import { ndjsonFormat } from './ndjson-parser.ts'
import type { RecordFormat } from './record-parser.ts'
import { RecordPartition } from './record-partition.ts'
import { SharedStream } from './shared-stream.ts'
import { StreamInput } from './stream-input.ts'

export interface StdinOptions {
  /**
   * Read this stream instead.
   * @default process.stdin
   */
  readonly stream?: Readable
}

export interface StdinGroupOptions {
  /**
   * Sources of one process in the same group share the records in turn, each goes to one of them; sources in different groups, or in none, get
   * all of them. Those of one flow begin together; one that is opened later has its share of what is read from then on. What a member had
   * been given when it is closed is not given to another. All members have the same options.
   * @default a group of its own
   */
  readonly group?: string
}

/**
 * The lines of standard input, like `textFile`. Reads no faster than the job takes them, and of several sources the slowest.
 *
 * Standard input cannot be read again. After a restart the records go on with what standard input
 * gives then, numbered on from the saved position; what had been read and was not in the snapshot is
 * lost. Read a file where that matters. Only the main thread has standard input.
 */
export function stdinLines(options: StdinOptions & StdinGroupOptions & LineOptions = {}): Source<string, number, string, FilePosition> {
  return new StdinSource('stdinLines', lineFormat('stdinLines', options), options)
}

/** The JSON values on standard input, one per line, like `ndjsonFile`; restarts as for `stdinLines`. */
export function stdinNdjson<V>(options: StdinOptions & StdinGroupOptions & LineOptions = {}): Source<V, number, string, FilePosition> {
  return new StdinSource('stdinNdjson', ndjsonFormat<V>('stdinNdjson', options), options)
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
  if ('group' in options) {
    const problem = 'stdinCsv has no group: only the first line names the columns, and a record may have several lines.'
    throw new MalstromError('ERR_OPERATOR_ARGUMENT', `${problem} Read it with one source, and split its stream.`)
  }
  return new StdinSource('stdinCsv', csvFormat('stdinCsv', options), options)
}

const PARTITION = 'stdin'

export class StdinSource<V> implements Source<V, number, string, FilePosition> {
  readonly time = numberTime
  readonly #name: string
  readonly #format: RecordFormat<V>
  readonly #stream: Readable | undefined
  readonly #group: string | undefined
  readonly #readsLike: string

  constructor(name: string, format: RecordFormat<V>, options: StdinOptions & StdinGroupOptions) {
    const { stream, group, ...others } = options
    if (group !== undefined && (typeof group !== 'string' || group === ''))
      throw new MalstromError('ERR_OPERATOR_ARGUMENT', `${name}: group is ${JSON.stringify(group)}. Give a name.`)
    this.#name = name
    this.#format = format
    this.#stream = stream
    this.#group = group
    this.#readsLike = `${name}(${JSON.stringify(others)})`
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
    const stream = this.#stream ?? process.stdin
    const shared = SharedStream.of(stream)
    const member = this.#group === undefined ? undefined : GroupMember.join(stream, this.#group, this.#readsLike, origin.context)
    const input = new StreamInput(stream, 'Standard input', origin.context)
    // Of the position only the numbering goes on, because the bytes are new ones.
    const start = { offset: shared.bytes, index: state?.index ?? 0, line: shared.lines }
    const share = {
      isCut: shared.isCut,
      isMine: member && ((position: { readonly offset: number }) => member.isMine(position)),
      leave: () => member?.leave(),
    }
    return new RecordPartition(input, this.#format, this.#format.open(origin), origin, start, share)
  }
}
