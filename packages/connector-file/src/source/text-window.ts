import { isAscii, isUtf8 } from 'node:buffer'
import { type RecordFormat, type RecordOrigin, recordError } from './record-parser.ts'

/**
 * Text is decoded in blocks of about this size. A string that is cut out of a block keeps the whole
 * block in memory, so a job that remembers one word of a file pays for this much and not for a chunk.
 */
export const TEXT_BLOCK_BYTES = 2048

/**
 * Bytes on their way to text. Takes chunks that are cut anywhere and gives blocks of text that are
 * cut after a line end, which is never inside a UTF-8 sequence. A parser reads `text` from `at` on
 * and moves `at` forward; when what is left holds no whole record, `advance` decodes more.
 *
 * Holds at most one record of the largest size, one block and one chunk.
 */
export class TextWindow {
  text = ''
  at = 0
  /** Nothing follows `text`. */
  last = false
  readonly #format: RecordFormat<unknown>
  readonly #origin: RecordOrigin
  #bytes = Buffer.alloc(0)
  /** `text` is what the bytes from `#from` to `#to` say; the bytes up to `#end` wait. */
  #from = 0
  #to = 0
  #end = 0
  /** There is no line end between `#to` and here. */
  #searched = 0
  /** The position of `#from` in the file. */
  #fromOffset: number
  #isAscii = true
  #isStart: boolean
  #isComplete = false
  /** How many bytes of a line that is left out are gone, from `#fromOffset` on; -1 if none is being left out. */
  #skippedBytes = -1
  #skippedLines = 0

  constructor(format: RecordFormat<unknown>, origin: RecordOrigin, offset: number) {
    this.#format = format
    this.#origin = origin
    this.#fromOffset = offset
    this.#isStart = offset === 0
  }

  /** The position of `text[at]` in the file, in bytes. */
  get offset(): number {
    return this.#fromOffset + this.#consumedBytes()
  }

  /** The memory it has taken. */
  get capacityBytes(): number {
    return this.#bytes.length
  }

  /** No more bytes will be appended. */
  get isComplete(): boolean {
    return this.#isComplete
  }

  /** How many lines were left out since this was asked last. */
  takeSkippedLines(): number {
    const lines = this.#skippedLines
    this.#skippedLines = 0
    return lines
  }

  /** What comes next is the rest of a line of which nothing is wanted. */
  skipLine(): void {
    this.#skipFrom(this.#from + this.#consumedBytes())
  }

  append(chunk: Uint8Array): void {
    if (this.#end + chunk.length > this.#bytes.length) this.#makeRoom(chunk.length)
    this.#bytes.set(chunk, this.#end)
    this.#end += chunk.length
  }

  /** No more bytes will be appended, so what is left is a record even without a line end. */
  complete(): void {
    this.#isComplete = true
  }

  /**
   * Replaces the text by what follows `at`: the next block, or a larger one if the record at `at`
   * does not end in `text`. False if that takes more bytes. A record at `line` that is too large or not
   * UTF-8 is thrown, or left out.
   */
  advance(line: number): boolean {
    for (;;) {
      if (this.#skippedBytes >= 0 && !this.#skipToLineEnd()) return false
      const from = this.#from + this.#consumedBytes()
      const partial = this.#to - from
      const to = this.#blockEnd(from, partial)
      if (to < 0) {
        if (!this.fits(this.#end - from - LINE_END_BYTES_MAX, line)) this.#skipFrom(from)
        return false
      }
      const isLast = this.#isComplete && to === this.#end
      if (to === this.#to && (!isLast || partial === 0)) return false
      if (this.#decode(from, to, line)) return true
    }
  }

  /** Whether `bytes`, the size of the record at `line` or of its beginning, is within the limit. Throws if it is not and may not be left out. */
  fits(bytes: number, line: number): boolean {
    const { recordBytesMax, tooLargeHint, skipsInvalid } = this.#format
    if (bytes <= recordBytesMax) return true
    if (skipsInvalid) return false
    const problem = `the record that starts here is larger than ${recordBytesMax} bytes. ${tooLargeHint}`
    throw recordError('ERR_RECORD_TOO_LARGE', this.#origin, line, problem)
  }

  /** Leaves out the line that begins at `from`; until its end comes, the offset is that of its beginning. */
  #skipFrom(from: number): void {
    this.#fromOffset += from - this.#from
    this.#skippedBytes = this.#end - from
    this.#emptyAt(this.#end)
  }

  /** False if that takes more bytes. */
  #skipToLineEnd(): boolean {
    const newline = this.#bytes.subarray(0, this.#end).indexOf(NEWLINE, this.#from)
    const to = newline < 0 ? this.#end : newline + 1
    this.#skippedBytes += to - this.#from
    this.#emptyAt(to)
    if (newline < 0 && !this.#isComplete) return false
    this.#fromOffset += this.#skippedBytes
    this.#skippedBytes = -1
    this.#skippedLines++
    return true
  }

  #emptyAt(at: number): void {
    this.text = ''
    this.at = 0
    this.#isAscii = true
    this.#isStart = false
    this.#from = at
    this.#to = at
    this.#searched = at
  }

  /** The end of the next block that ends after a line end, at the end of everything, or -1. */
  #blockEnd(from: number, partial: number): number {
    const target = from + Math.max(TEXT_BLOCK_BYTES, 2 * partial)
    if (target >= this.#end && this.#isComplete) return this.#end
    const start = Math.max(this.#to, this.#searched)
    const before = this.#bytes.subarray(start, Math.min(target, this.#end)).lastIndexOf(NEWLINE)
    if (before >= 0) return start + before + 1
    const after = this.#newlineAfter(Math.max(start, Math.min(target, this.#end)))
    if (after > 0) return after
    return this.#isComplete ? this.#end : -1
  }

  #newlineAfter(start: number): number {
    const newline = this.#bytes.subarray(0, this.#end).indexOf(NEWLINE, start)
    this.#searched = newline < 0 ? this.#end : newline
    return newline + 1
  }

  /** False if there was no text but a line that is left out. */
  #decode(from: number, blockEnd: number, line: number): boolean {
    let to = blockEnd
    let block = this.#bytes.subarray(from, to)
    const blockIsAscii = isAscii(block)
    if (!blockIsAscii && !isUtf8(block)) {
      // Line by line until the bad one is reached, so that the records before it are emitted.
      to = this.#newlineAfter(this.#to) || this.#end
      block = this.#bytes.subarray(from, to)
      if (!isUtf8(block)) {
        if (!this.#format.skipsInvalid) throw recordError('ERR_RECORD_INVALID', this.#origin, line, NOT_UTF8)
        this.#fromOffset += to - this.#from
        this.#skippedLines++
        this.#emptyAt(to)
        return false
      }
    }
    this.text = block.toString(blockIsAscii ? 'latin1' : 'utf8')
    this.at = this.#isStart && this.text.charCodeAt(0) === BYTE_ORDER_MARK ? 1 : 0
    this.last = this.#isComplete && to === this.#end
    this.#isAscii = blockIsAscii
    this.#isStart = false
    this.#fromOffset += from - this.#from
    this.#from = from
    this.#to = to
    return true
  }

  #consumedBytes(): number {
    if (this.at === this.text.length) return this.#to - this.#from
    return this.#isAscii ? this.at : Buffer.byteLength(this.text.slice(0, this.at))
  }

  #makeRoom(chunkBytes: number): void {
    const usedBytes = this.#end - this.#from
    const needed = usedBytes + chunkBytes
    const target = needed > this.#bytes.length ? Buffer.allocUnsafeSlow(2 * needed) : this.#bytes
    this.#bytes.copy(target, 0, this.#from, this.#end)
    this.#bytes = target
    this.#to -= this.#from
    this.#searched -= this.#from
    this.#from = 0
    this.#end = usedBytes
  }
}

const NEWLINE = 10
const LINE_END_BYTES_MAX = 2
const BYTE_ORDER_MARK = 0xfeff
const NOT_UTF8 = 'not valid UTF-8. Convert the input to UTF-8, for example with iconv.'
