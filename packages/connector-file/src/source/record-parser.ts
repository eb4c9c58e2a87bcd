import { type ErrorCode, type ErrorContext, MalstromError } from '@malstrom/core'

/** What an error about a record tells: which input, and for which operator. */
export interface RecordOrigin {
  /** The path, or `stdin`. */
  readonly path: string
  readonly context: ErrorContext
}

/** What kind of records a file has. Each partition opens a parser of its own. */
export interface RecordFormat<V> {
  /** The most bytes a record may have, without its line end. */
  readonly recordBytesMax: number
  /** What to do about a record that is larger. */
  readonly tooLargeHint: string
  /** A record that is too large or not UTF-8 is left out. Then every record is a line. */
  readonly skipsInvalid: boolean
  open(origin: RecordOrigin): RecordParser<V>
}

/**
 * Finds and decodes one record after the other. An object rather than a function, because it
 * returns three things for each of millions of records.
 */
export interface RecordParser<V> {
  /**
   * Parses the record that starts at `text[at]` and returns where the next one starts, or -1 if
   * `text` ends before the record does. If `last`, nothing follows `text`, so its end ends a record.
   * `line` is the 1-based line of the record. Throws `ERR_RECORD_INVALID`.
   */
  parse(text: string, at: number, last: boolean, line: number): number
  /** The record that was parsed; `undefined` if there is nothing to emit, as for a header. */
  value: V | undefined
  /** How many line ends the record that was parsed has. */
  lines: number
  /** False while the parser still has to see the first record of the file, as for a header. */
  readonly primed: boolean
}

/** An error about the record that starts at `line`. */
export function recordError(code: ErrorCode, origin: RecordOrigin, line: number, problem: string, cause?: unknown): MalstromError {
  return new MalstromError(code, `${origin.path}:${line}: ${problem}`, { cause, context: { ...origin.context, path: origin.path, line } })
}
