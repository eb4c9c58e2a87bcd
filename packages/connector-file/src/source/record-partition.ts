import { assert, type SourceOutput, type SourcePartition, type SourceStatus } from '@malstrom/core'
import type { ByteInput } from './byte-input.ts'
import type { FilePosition } from './file-position.ts'
import type { RecordFormat, RecordOrigin, RecordParser } from './record-parser.ts'
import { TextWindow } from './text-window.ts'

/** The most records one poll emits, however high its limit: the bound of the array it reuses. */
const POLL_RECORDS_MAX = 4096

/** What a partition has to do with other readers of its input. */
export interface RecordShare {
  /** The input begins in the middle of a line, which is another's. */
  readonly isCut: boolean
  /** Asked for each record, in order, with `position.offset` at its beginning: whether it is one to be emitted here. Absent: all are. */
  readonly isMine: ((position: { readonly offset: number }) => boolean) | undefined
  /** The partition is closed. */
  leave(): void
}

/** The records of one input, in order. Their timestamps count from 0. */
export class RecordPartition<V> implements SourcePartition<V, number, FilePosition> {
  readonly #input: ByteInput
  readonly #format: RecordFormat<V>
  readonly #parser: RecordParser<V>
  readonly #window: TextWindow
  readonly #share: RecordShare | undefined
  readonly #values: V[] = []
  #index: number
  #line: number
  /** Thrown by the next poll: the records before it are emitted first. */
  #failure: unknown

  constructor(
    input: ByteInput,
    format: RecordFormat<V>,
    parser: RecordParser<V>,
    origin: RecordOrigin,
    start: FilePosition,
    share?: RecordShare,
  ) {
    this.#input = input
    this.#format = format
    this.#parser = parser
    this.#window = new TextWindow(format, origin, start.offset)
    this.#index = start.index
    this.#line = start.line
    this.#share = share
    if (share?.isCut === true) this.#window.skipLine()
  }

  poll(output: SourceOutput<V, number>, limit: number): SourceStatus {
    if (this.#failure !== undefined) throw this.#failure
    const wanted = Math.min(limit, POLL_RECORDS_MAX)
    let count = 0
    let status: SourceStatus = 'more'
    while (status === 'more' && this.#failure === undefined) {
      count = this.#parse(count, wanted)
      // Reads on even after the last record that is wanted, to see whether the input has finished.
      if (this.#failure !== undefined || (this.#window.at < this.#window.text.length && count === wanted)) break
      status = this.#read()
    }
    if (count > 0) {
      output.emitIndexed(this.#values, 0, count, this.#index)
      this.#index += count
    } else if (this.#failure !== undefined) throw this.#failure
    return status
  }

  ready(): Promise<void> {
    return this.#failure === undefined ? this.#input.ready() : Promise.reject(this.#failure)
  }

  snapshot(): FilePosition {
    return { offset: this.#window.offset, index: this.#index, line: this.#line }
  }

  close(): Promise<void> | void {
    this.#share?.leave()
    return this.#input.close()
  }

  /** Parses what is left of the text into `#values[count]` and after, up to `wanted` in all. Returns how many there are then. */
  #parse(count: number, wanted: number): number {
    const window = this.#window
    const parser = this.#parser
    const { text, last } = window
    const isMine = this.#share?.isMine
    const unmeasuredCharacters = this.#format.recordBytesMax / UTF8_BYTES_PER_CHARACTER_MAX
    let next = count
    try {
      while (next < wanted && window.at < text.length) {
        const end = parser.parse(text, window.at, last, this.#line + 1)
        if (end < 0) {
          assert(!last, 'a parser wants more than the whole file')
          break
        }
        const isWanted =
          parser.value !== undefined &&
          (end - window.at <= unmeasuredCharacters || this.#fits(text, window.at, end)) &&
          (isMine === undefined || isMine(window))
        window.at = end
        this.#line += parser.lines
        if (isWanted) this.#values[next++] = parser.value as V
      }
    } catch (failure) {
      this.#failure = failure
    }
    return next
  }

  /** Gets more text: `idle` if there is none now, `finished` if there is none at all. */
  #read(): SourceStatus {
    try {
      for (;;) {
        const hasText = this.#window.advance(this.#line + 1)
        this.#line += this.#window.takeSkippedLines()
        if (hasText) break
        if (this.#window.isComplete) return 'finished'
        const chunk = this.#input.take()
        if (chunk !== undefined) this.#window.append(chunk)
        else if (this.#input.ended) this.#window.complete()
        else return 'idle'
      }
    } catch (failure) {
      this.#failure = failure
    }
    return 'more'
  }

  #fits(text: string, at: number, end: number): boolean {
    const record = text.slice(at, end)
    const lineEnd = record.endsWith('\r\n') ? 2 : record.endsWith('\n') ? 1 : 0
    return this.#window.fits(Buffer.byteLength(record) - lineEnd, this.#line + 1)
  }
}

const UTF8_BYTES_PER_CHARACTER_MAX = 3
