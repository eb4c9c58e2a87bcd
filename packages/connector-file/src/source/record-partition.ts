import { assert, type SourceOutput, type SourcePartition, type SourceStatus } from '@malstrom/core'
import type { ByteInput } from './byte-input.ts'
import type { FilePosition } from './file-position.ts'
import type { RecordFormat, RecordOrigin, RecordParser } from './record-parser.ts'
import { TextWindow } from './text-window.ts'

/** The most records one poll emits, however high its limit: the bound of the array it reuses. */
const POLL_RECORDS_MAX = 4096

/** The records of one input, in order. Their timestamps count from 0. */
export class RecordPartition<V> implements SourcePartition<V, number, FilePosition> {
  readonly #input: ByteInput
  readonly #format: RecordFormat<V>
  readonly #parser: RecordParser<V>
  readonly #window: TextWindow
  readonly #values: V[] = []
  #index: number
  #line: number
  /** Thrown by the next poll: the records before it are emitted first. */
  #failure: unknown

  constructor(input: ByteInput, format: RecordFormat<V>, parser: RecordParser<V>, origin: RecordOrigin, start: FilePosition) {
    this.#input = input
    this.#format = format
    this.#parser = parser
    this.#window = new TextWindow(format, origin, start.offset)
    this.#index = start.index
    this.#line = start.line
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
    return this.#input.close()
  }

  /** Parses what is left of the text into `#values[count]` and after, up to `wanted` in all. Returns how many there are then. */
  #parse(count: number, wanted: number): number {
    const window = this.#window
    const parser = this.#parser
    const { text, last } = window
    const unmeasuredCharacters = this.#format.recordBytesMax / UTF8_BYTES_PER_CHARACTER_MAX
    let next = count
    try {
      while (next < wanted && window.at < text.length) {
        const end = parser.parse(text, window.at, last, this.#line + 1)
        if (end < 0) {
          assert(!last, 'a parser wants more than the whole file')
          break
        }
        if (end - window.at > unmeasuredCharacters) this.#measure(text, window.at, end)
        window.at = end
        this.#line += parser.lines
        if (parser.value !== undefined) this.#values[next++] = parser.value
      }
    } catch (failure) {
      this.#failure = failure
    }
    return next
  }

  /** Gets more text: `idle` if there is none now, `finished` if there is none at all. */
  #read(): SourceStatus {
    try {
      while (!this.#window.advance(this.#line + 1)) {
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

  #measure(text: string, at: number, end: number): void {
    const record = text.slice(at, end)
    const lineEnd = record.endsWith('\r\n') ? 2 : record.endsWith('\n') ? 1 : 0
    this.#window.checkSize(Buffer.byteLength(record) - lineEnd, this.#line + 1)
  }
}

const UTF8_BYTES_PER_CHARACTER_MAX = 3
