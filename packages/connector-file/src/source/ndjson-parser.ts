import { messageOf } from '@malstrom/core'
import { excerpt } from '../excerpt.ts'
import { type LineOptions, lineBound } from './line-parser.ts'
import { type RecordFormat, type RecordOrigin, type RecordParser, recordError } from './record-parser.ts'

export function ndjsonFormat<V>(owner: string, options: LineOptions): RecordFormat<V> {
  return { ...lineBound(owner, options), open: (origin) => new NdjsonParser<V>(origin) }
}

/** Each line is a JSON text; blank lines are skipped. */
class NdjsonParser<V> implements RecordParser<V> {
  value: V | undefined = undefined
  readonly lines = 1
  readonly primed = true
  readonly #origin: RecordOrigin

  constructor(origin: RecordOrigin) {
    this.#origin = origin
  }

  parse(text: string, at: number, last: boolean, line: number): number {
    const newline = text.indexOf('\n', at)
    if (newline < 0 && !last) return -1
    const json = text.slice(at, newline < 0 ? text.length : newline)
    this.value = json.charCodeAt(0) !== OPENING_BRACE && json.trim() === '' ? undefined : this.#decode(json, line)
    return newline < 0 ? text.length : newline + 1
  }

  #decode(json: string, line: number): V {
    try {
      return JSON.parse(json)
    } catch (thrown) {
      const problem = `not valid JSON (${excerpt(messageOf(thrown))}): ${excerpt(json.trim())}`
      throw recordError('ERR_RECORD_INVALID', this.#origin, line, problem, thrown)
    }
  }
}

const OPENING_BRACE = 123
