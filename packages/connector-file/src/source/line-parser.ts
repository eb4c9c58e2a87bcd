import { checkByteBound } from '../check-options.ts'
import type { RecordFormat, RecordParser } from './record-parser.ts'

export interface LineOptions {
  /**
   * The most bytes a line may have, without its line end. A longer line is `ERR_RECORD_TOO_LARGE`.
   * @default 1 MiB
   */
  readonly maxLineBytes?: number
}

export const RECORD_BYTES_MAX = 1024 * 1024

/** What bounds the lines of `owner`, the function that was called with `options`. */
export function lineBound(owner: string, { maxLineBytes = RECORD_BYTES_MAX }: LineOptions) {
  return {
    recordBytesMax: checkByteBound(owner, 'maxLineBytes', maxLineBytes),
    tooLargeHint: 'Raise maxLineBytes if such lines are right.',
  }
}

export function lineFormat(owner: string, options: LineOptions): RecordFormat<string> {
  return { ...lineBound(owner, options), open: () => new LineParser() }
}

/** Each line is a record: the text before `\n` or `\r\n`. */
class LineParser implements RecordParser<string> {
  value: string | undefined = undefined
  readonly lines = 1
  readonly primed = true

  parse(text: string, at: number, last: boolean): number {
    const newline = text.indexOf('\n', at)
    if (newline >= 0) {
      const isCrLf = newline > at && text.charCodeAt(newline - 1) === CARRIAGE_RETURN
      this.value = text.slice(at, isCrLf ? newline - 1 : newline)
      return newline + 1
    }
    if (!last) return -1
    this.value = text.slice(at)
    return text.length
  }
}

const CARRIAGE_RETURN = 13
