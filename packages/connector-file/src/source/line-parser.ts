import { MalstromError } from '@malstrom/core'
import { checkByteBound } from '../check-options.ts'
import type { RecordFormat, RecordParser } from './record-parser.ts'

export interface LineOptions {
  /**
   * The most bytes a line may have, without its line end. A longer line is `ERR_RECORD_TOO_LARGE`.
   * @default 1 MiB
   */
  readonly maxLineBytes?: number
  /**
   * What to do about a line that is longer, is not UTF-8, or is not what the source reads, such as JSON: fail with an error that names
   * the line, or leave it out. However long a line is that is left out, no more memory is taken for it.
   * @default 'fail'
   */
  readonly onInvalid?: 'fail' | 'skip'
}

export const RECORD_BYTES_MAX = 1024 * 1024

/** What holds for the lines of `owner`, the function that was called with `options`. */
export function lineBound(owner: string, { maxLineBytes = RECORD_BYTES_MAX, onInvalid = 'fail' }: LineOptions) {
  if (onInvalid !== 'fail' && onInvalid !== 'skip')
    throw new MalstromError('ERR_OPERATOR_ARGUMENT', `${owner}: onInvalid is ${String(onInvalid)}. Give 'fail' or 'skip'.`)
  return {
    recordBytesMax: checkByteBound(owner, 'maxLineBytes', maxLineBytes),
    tooLargeHint: "Raise maxLineBytes if such lines are right, or leave them out with onInvalid: 'skip'.",
    skipsInvalid: onInvalid === 'skip',
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
