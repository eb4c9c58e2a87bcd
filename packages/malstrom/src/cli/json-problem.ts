/** Where a text stops being JSON. */
export interface JsonProblem {
  /** Index of the first character that does not fit. */
  readonly position: number
  /** What was expected there. */
  readonly expected: string
}

/** Where `text` stops being JSON; `undefined` if it does not. `JSON.parse` tells the place on some versions of Node only. */
export function findJsonProblem(text: string): JsonProblem | undefined {
  const scanner = new Scanner(text)
  const isJson = scanner.value() && (scanner.is('') || scanner.fail('nothing more'))
  return isJson ? undefined : { position: scanner.position, expected: scanner.expected }
}

const SPACE = /[ \t\n\r]*/y
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const LITERAL = /true|false|null/y
const NAME_OR_TEXT = /"(?:[^"\\\p{Cc}]|\u007f|[\u0080-\u009f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*/uy

/** Recursive descent over the grammar of RFC 8259. Each method answers whether it could go on. */
class Scanner {
  position = 0
  expected = ''
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  value(): boolean {
    if (this.is('{')) return this.#list('}', () => this.#property())
    if (this.is('[')) return this.#list(']', () => this.value())
    if (this.is('"')) return this.#string()
    return this.#skip(NUMBER) || this.#skip(LITERAL) || this.fail('a value')
  }

  /** Whether `character` comes next, after white space; the end of the text for `''`. */
  is(character: string): boolean {
    this.#skip(SPACE)
    return (this.#text[this.position] ?? '') === character
  }

  fail(expected: string): false {
    this.expected = expected
    return false
  }

  #list(end: string, element: () => boolean): boolean {
    this.position++
    if (this.is(end)) return this.#step()
    while (element()) {
      if (this.is(end)) return this.#step()
      if (!this.is(',')) return this.fail(`"," or "${end}"`)
      this.position++
    }
    return false
  }

  #property(): boolean {
    if (!this.is('"')) return this.fail('a name in double quotes')
    if (!this.#string()) return false
    if (!this.is(':')) return this.fail('":"')
    this.position++
    return this.value()
  }

  #string(): boolean {
    this.#skip(NAME_OR_TEXT)
    if (this.#text[this.position] === '"') return this.#step()
    const atEnd = this.position >= this.#text.length
    return this.fail(atEnd ? 'a closing double quote' : 'a character or an escape sequence that strings may have')
  }

  #step(): true {
    this.position++
    return true
  }

  #skip(pattern: RegExp): boolean {
    pattern.lastIndex = this.position
    const match = pattern.exec(this.#text)
    if (match === null) return false
    this.position += match[0].length
    return match[0].length > 0
  }
}
