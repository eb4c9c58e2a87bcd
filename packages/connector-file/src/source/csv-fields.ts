import { excerpt } from '../excerpt.ts'
import { type RecordOrigin, recordError } from './record-parser.ts'

/** Splits one record after the other into fields, as RFC 4180 says. */
export class CsvFields {
  /** The fields of the record that was parsed; none for an empty line. A new array for each record. */
  fields: string[] = []
  /** How many line ends the record that was parsed has. */
  lines = 1
  readonly #origin: RecordOrigin
  readonly #delimiter: string
  readonly #quote: string | null
  readonly #doubledQuote: string

  constructor(origin: RecordOrigin, delimiter: string, quote: string | null) {
    this.#origin = origin
    this.#delimiter = delimiter
    this.#quote = quote
    this.#doubledQuote = quote === null ? '' : quote + quote
  }

  /** Like `RecordParser.parse`. */
  parse(text: string, at: number, last: boolean, line: number): number {
    const newline = text.indexOf('\n', at)
    if (newline < 0 && !last) return -1
    this.fields = []
    this.lines = 1
    const end = newline < 0 ? text.length : newline
    if (this.#quote !== null) {
      const quote = text.indexOf(this.#quote, at)
      if (quote >= 0 && quote < end) return this.#parseQuoted(text, at, last, line)
    }
    const isCrLf = newline > at && text.charCodeAt(newline - 1) === CARRIAGE_RETURN
    this.#splitLine(text, at, isCrLf ? newline - 1 : end)
    return newline < 0 ? end : newline + 1
  }

  #splitLine(text: string, at: number, end: number): void {
    if (at === end) return
    let from = at
    for (;;) {
      const to = text.indexOf(this.#delimiter, from)
      if (to < 0 || to >= end) break
      this.fields.push(text.slice(from, to))
      from = to + 1
    }
    this.fields.push(text.slice(from, end))
  }

  #parseQuoted(text: string, at: number, last: boolean, line: number): number {
    let from = at
    for (;;) {
      const to = text[from] === this.#quote ? this.#quotedField(text, from, last, line) : this.#plainField(text, from, last, line)
      if (to < 0) return -1
      if (text[to] === this.#delimiter) from = to + 1
      else if (text[to] === '\n') return to + 1
      else if (text[to] === '\r' && text[to + 1] === '\n') return to + 2
      else if (to === text.length) return last ? to : -1
      else {
        const problem = `text follows a closing quote: ${excerpt(text.slice(from, to + EXCERPT_AFTER))}. ${QUOTE_HINT}`
        throw recordError('ERR_RECORD_INVALID', this.#origin, line, problem)
      }
    }
  }

  /** Where the field that begins with the quote at `from` ends: after its closing quote. */
  #quotedField(text: string, from: number, last: boolean, line: number): number {
    const quote = this.#quote as string
    let close = text.indexOf(quote, from + 1)
    let isDoubled = false
    while (close >= 0 && text[close + 1] === quote) {
      isDoubled = true
      close = text.indexOf(quote, close + 2)
    }
    if (close < 0) {
      if (!last) return -1
      const problem = `a quoted field is never closed: ${excerpt(text.slice(from))}. ${QUOTE_HINT}`
      throw recordError('ERR_RECORD_INVALID', this.#origin, line, problem)
    }
    const field = text.slice(from + 1, close)
    for (let newline = field.indexOf('\n'); newline >= 0; newline = field.indexOf('\n', newline + 1)) this.lines++
    this.fields.push(isDoubled ? field.replaceAll(this.#doubledQuote, quote) : field)
    return close + 1
  }

  /** Where the field that begins at `from` ends: before a delimiter or a line end. */
  #plainField(text: string, from: number, last: boolean, line: number): number {
    const newline = text.indexOf('\n', from)
    if (newline < 0 && !last) return -1
    const lineEnd = newline < 0 ? text.length : newline > from && text[newline - 1] === '\r' ? newline - 1 : newline
    const delimiter = text.indexOf(this.#delimiter, from)
    const to = delimiter < 0 || delimiter > lineEnd ? lineEnd : delimiter
    const field = text.slice(from, to)
    if (field.includes(this.#quote as string)) {
      const problem = `a quote is inside a field that does not begin with one: ${excerpt(field)}. ${QUOTE_HINT}`
      throw recordError('ERR_RECORD_INVALID', this.#origin, line, problem)
    }
    this.fields.push(field)
    return to
  }
}

const CARRIAGE_RETURN = 13
const EXCERPT_AFTER = 20
const QUOTE_HINT = 'Quotes inside a field are doubled; set quote to null if they mean nothing in this file.'
