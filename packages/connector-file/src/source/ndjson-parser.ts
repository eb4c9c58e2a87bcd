import { messageOf } from '@malstrom/core'
import { excerpt } from '../excerpt.ts'
import { type LineOptions, lineBound } from './line-parser.ts'
import { type RecordFormat, type RecordOrigin, type RecordParser, recordError } from './record-parser.ts'

export function ndjsonFormat<V>(owner: string, options: LineOptions): RecordFormat<V> {
  const bound = lineBound(owner, options)
  return { ...bound, open: (origin) => new NdjsonParser<V>(origin, bound.skipsInvalid) }
}

/** Each line is a JSON text; blank lines are skipped. */
class NdjsonParser<V> implements RecordParser<V> {
  value: V | undefined = undefined
  readonly lines = 1
  readonly primed = true
  readonly #origin: RecordOrigin
  readonly #skipsInvalid: boolean

  constructor(origin: RecordOrigin, skipsInvalid: boolean) {
    this.#origin = origin
    this.#skipsInvalid = skipsInvalid
  }

  parse(text: string, at: number, last: boolean, line: number): number {
    const newline = text.indexOf('\n', at)
    if (newline < 0 && !last) return -1
    const json = text.slice(at, newline < 0 ? text.length : newline)
    this.value = json.charCodeAt(0) !== OPENING_BRACE && json.trim() === '' ? undefined : this.#decode(json, line)
    return newline < 0 ? text.length : newline + 1
  }

  #decode(json: string, line: number): V | undefined {
    try {
      return JSON.parse(json)
    } catch (thrown) {
      if (this.#skipsInvalid) return undefined
      const problem = `not valid JSON (${excerpt(messageOf(thrown))}): ${excerpt(json.trim())}`
      throw recordError('ERR_RECORD_INVALID', this.#origin, line, problem, thrown)
    }
  }
}

const OPENING_BRACE = 123
