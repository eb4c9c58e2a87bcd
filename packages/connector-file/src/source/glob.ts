import { MalstromError } from '@malstrom/core'

/** A function that says whether a path with `/` matches `pattern`. */
export function globMatcher(pattern: string): (path: string) => boolean {
  const expression = new RegExp(`^${expressionOf(pattern)}$`, 's')
  return (path) => expression.test(path)
}

function expressionOf(pattern: string): string {
  let expression = ''
  let depth = 0
  for (let at = 0; at < pattern.length; ) {
    const rest = pattern.slice(at)
    const isNameStart = at === 0 || pattern[at - 1] === '/'
    const [token, replacement] = tokenOf(pattern, rest, isNameStart, depth)
    if (token === '{') depth++
    else if (token === '}' && depth > 0) depth--
    expression += replacement
    at += token.length
  }
  if (depth > 0) throw patternError(pattern, 'a { is not closed')
  return expression
}

/** The next token of a pattern, and the regular expression it stands for. */
function tokenOf(pattern: string, rest: string, isNameStart: boolean, depth: number): readonly [string, string] {
  if (isNameStart && rest.startsWith('**/')) return ['**/', `(?:${NO_DOT}[^/]+/)*`]
  if (isNameStart && rest === '**') return ['**', `(?:${NO_DOT}[^/]+/)*${NO_DOT}[^/]+`]
  const [first = ''] = rest
  const dots = isNameStart ? NO_DOT : ''
  switch (first) {
    case '*':
      return [/^\*+/.exec(rest)?.[0] ?? first, `${dots}[^/]*`]
    case '?':
      return [first, `${dots}[^/]`]
    case '{':
      return [first, '(?:']
    case '}':
      return [first, depth > 0 ? ')' : '\\}']
    case ',':
      return [first, depth > 0 ? '|' : ',']
    case '[': {
      const [, not, characters] = /^\[(!?)([^/\]]+)\]/.exec(rest) ?? []
      if (characters === undefined) throw patternError(pattern, 'a [ is not closed')
      return [`[${not}${characters}]`, `${dots}(?!/)[${not === '!' ? '^' : ''}${characters.replaceAll(/[\\^[]/g, '\\$&')}]`]
    }
    default:
      return [first, first.replace(/[\\^$.|+()]/, '\\$&')]
  }
}

/** Names that begin with a dot are hidden. */
const NO_DOT = '(?!\\.)'

function patternError(pattern: string, problem: string): MalstromError {
  return new MalstromError('ERR_OPERATOR_ARGUMENT', `filesIn: the pattern ${JSON.stringify(pattern)} is not complete: ${problem}.`)
}
