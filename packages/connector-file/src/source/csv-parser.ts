import { MalstromError } from '@malstrom/core'
import { checkByteBound } from '../check-options.ts'
import { excerpt } from '../excerpt.ts'
import { CsvFields } from './csv-fields.ts'
import { rowOf } from './csv-row.ts'
import { RECORD_BYTES_MAX } from './line-parser.ts'
import { type RecordFormat, type RecordOrigin, type RecordParser, recordError } from './record-parser.ts'

export interface CsvOptions {
  /**
   * `true`: the first record names the columns. `false`: there are no names, and each record is an
   * array. An array: these are the names, and the first record is data.
   * @default true
   */
  readonly header?: boolean | readonly string[]
  /**
   * One character between fields, such as `;` or `\t`.
   * @default ','
   */
  readonly delimiter?: string
  /**
   * The character around fields that contain delimiters or line ends; doubled, it stands for itself.
   * `null`: quotes mean nothing, and a record is a line.
   * @default '"'
   */
  readonly quote?: string | null
  /**
   * The most bytes a record may have, without its line end. A longer record is `ERR_RECORD_TOO_LARGE`.
   * @default 1 MiB
   */
  readonly maxRecordBytes?: number
}

/** A record with names is an object, one without is an array. */
export type CsvRow = Record<string, string> | string[]

export function csvFormat(owner: string, options: CsvOptions): RecordFormat<CsvRow> {
  const { header = true, delimiter = ',', quote = '"', maxRecordBytes = RECORD_BYTES_MAX } = options
  checkCharacter(owner, 'delimiter', delimiter)
  if (quote !== null) checkCharacter(owner, 'quote', quote)
  if (quote === delimiter) throw argumentError(owner, `delimiter and quote are both ${JSON.stringify(quote)}. They must differ.`)
  if (typeof header === 'object') {
    const problem = header.length === 0 ? 'there are no names' : problemOfNames(header)
    if (problem !== undefined) throw argumentError(owner, `header: ${problem}. Give every column a name of its own.`)
  }
  return {
    recordBytesMax: checkByteBound(owner, 'maxRecordBytes', maxRecordBytes),
    tooLargeHint: 'Check whether a closing quote is missing; raise maxRecordBytes if such records are right.',
    // Where a record ends depends on its quotes, and so nothing after a wrong one is certain.
    skipsInvalid: false,
    open: (origin) => new CsvParser(origin, header, delimiter, quote),
  }
}

/** Every record has as many fields as the first; empty lines are skipped. */
class CsvParser implements RecordParser<CsvRow> {
  value: CsvRow | undefined = undefined
  lines = 1
  readonly #origin: RecordOrigin
  readonly #fields: CsvFields
  #namesFollow = false
  #columns: number | undefined
  #names: readonly string[] | undefined

  constructor(origin: RecordOrigin, header: boolean | readonly string[], delimiter: string, quote: string | null) {
    this.#origin = origin
    this.#fields = new CsvFields(origin, delimiter, quote)
    if (typeof header === 'object') this.#nameColumns(header)
    else this.#namesFollow = header
  }

  get primed(): boolean {
    return this.#columns !== undefined
  }

  parse(text: string, at: number, last: boolean, line: number): number {
    const end = this.#fields.parse(text, at, last, line)
    if (end >= 0) {
      this.lines = this.#fields.lines
      this.value = this.#row(this.#fields.fields, line)
    }
    return end
  }

  #row(fields: string[], line: number): CsvRow | undefined {
    if (fields.length === 0) return undefined
    if (this.#namesFollow) return this.#readHeader(fields, line)
    this.#columns ??= fields.length
    if (fields.length !== this.#columns) throw this.#raggedRow(fields, line)
    return this.#names === undefined ? fields : rowOf(this.#names, fields)
  }

  #readHeader(names: readonly string[], line: number): undefined {
    const problem = problemOfNames(names)
    if (problem !== undefined) {
      const hint = 'Correct the header, or give the names of the columns with the option header.'
      throw recordError('ERR_RECORD_INVALID', this.#origin, line, `${problem}. ${hint}`)
    }
    this.#nameColumns(names)
    this.#namesFollow = false
  }

  #nameColumns(names: readonly string[]): void {
    this.#names = names
    this.#columns = names.length
  }

  #raggedRow(fields: readonly string[], line: number): MalstromError {
    const expected = this.#names === undefined ? `the first record has ${this.#columns}` : `there are ${this.#columns} columns`
    const problem = `the number of fields is ${fields.length}, but ${expected}: ${excerpt(fields.join(' | '))}`
    return recordError('ERR_RECORD_INVALID', this.#origin, line, problem)
  }
}

/** Why these cannot be the names of columns. */
function problemOfNames(names: readonly string[]): string | undefined {
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) return `two columns are named ${JSON.stringify(twice)}`
  return names.includes('__proto__') ? 'no column can be named "__proto__"' : undefined
}

function checkCharacter(owner: string, option: string, text: string): void {
  if (text.length === 1 && text !== '\n' && text !== '\r') return
  throw argumentError(owner, `${option} is ${JSON.stringify(text)}. Give one character that is no line end.`)
}

function argumentError(owner: string, problem: string): MalstromError {
  return new MalstromError('ERR_OPERATOR_ARGUMENT', `${owner}: ${problem}`)
}
