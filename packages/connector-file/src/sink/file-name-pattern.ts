import { MalstromError } from '@malstrom/core'

const SEQUENCE_DIGITS = 8

/** The names of files that are written one after the other, such as `part-{sequence}.txt`. */
export class FileNamePattern {
  readonly #pattern: string
  readonly #expression: RegExp

  constructor(owner: string, pattern: string) {
    const problem = problemOf(pattern)
    if (problem !== undefined) throw new MalstromError('ERR_OPERATOR_ARGUMENT', `${owner}: name is ${JSON.stringify(pattern)}. ${problem}`)
    this.#pattern = pattern
    const expression = pattern.split(TOKEN).map((part) => EXPRESSIONS[part] ?? part.replaceAll(/[\\^$.|+()*?[\]{}]/g, '\\$&'))
    this.#expression = new RegExp(`^${expression.join('')}$`)
  }

  /** The name of the file number `sequence`, begun at `timeMs`, in milliseconds since 1970. */
  name(sequence: number, timeMs: number): string {
    const [date = '', time = ''] = new Date(timeMs).toISOString().split(/[T.]/)
    const values: Record<string, string> = {
      '{sequence}': String(sequence).padStart(SEQUENCE_DIGITS, '0'),
      '{date}': date,
      '{time}': time.replaceAll(':', '-'),
    }
    return this.#pattern.replaceAll(TOKEN, (token) => values[token] ?? token)
  }

  /** The number of the file called `name`; `undefined` if that is no name of this pattern. */
  sequenceOf(name: string): number | undefined {
    const digits = this.#expression.exec(name)?.[1]
    return digits === undefined ? undefined : Number(digits)
  }
}

const TOKEN = /(\{[^}]*\})/g
const EXPRESSIONS: Record<string, string> = {
  '{sequence}': `(\\d{${SEQUENCE_DIGITS},})`,
  '{date}': '\\d{4}-\\d{2}-\\d{2}',
  '{time}': '\\d{2}-\\d{2}-\\d{2}',
}

function problemOf(pattern: unknown): string | undefined {
  if (typeof pattern !== 'string' || /[/\\\0]/.test(pattern)) return 'Give a file name, without folders.'
  const tokens = pattern.match(/\{[^}]*\}/g) ?? []
  const unknown = tokens.find((token) => EXPRESSIONS[token] === undefined)
  if (unknown !== undefined) return `${unknown} means nothing here. There are ${Object.keys(EXPRESSIONS).join(', ')}.`
  if (tokens.filter((token) => token === '{sequence}').length !== 1)
    return 'Put {sequence} into it once, so that every file gets a name of its own.'
  return pattern.startsWith('.') ? 'Names that begin with a dot are those of files that are not complete.' : undefined
}
