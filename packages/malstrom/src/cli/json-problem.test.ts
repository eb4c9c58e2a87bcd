import fc from 'fast-check'
import { expect, it } from 'vitest'
import { findJsonProblem } from './json-problem.ts'

const isJson = (text: string) => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

it('a text is JSON exactly if JSON.parse reads it', () => {
  const almostJson = fc
    .tuple(fc.json(), fc.nat(), fc.constantFrom('', ',', '"', '{', ']', '\\', '\n', '\u0001', '-', '0', 'e', ' ', "'", '\u2028'))
    .map(([text, at, inserted]) => text.slice(0, at % (text.length + 1)) + inserted + text.slice(at % (text.length + 1)))
  const text = fc.oneof(fc.json(), fc.string(), almostJson)
  fc.assert(
    fc.property(text, (candidate) => {
      expect(findJsonProblem(candidate) === undefined).toBe(isJson(candidate))
    }),
  )
})

it.each([
  ['', 0, 'a value'],
  ['{limit: 10}', 1, 'a name in double quotes'],
  ["'{}'", 0, 'a value'],
  ['{"limit" 10}', 9, '":"'],
  ['{"limit": 10', 12, '"," or "}"'],
  ['{"limit": 10,}', 13, 'a name in double quotes'],
  ['[1, 2,]', 6, 'a value'],
  ['"open', 5, 'a closing double quote'],
  ['"\\x"', 1, 'a character or an escape sequence that strings may have'],
  ['1 2', 2, 'nothing more'],
])('the problem of %j is at %i', (text, position, expected) => {
  expect(findJsonProblem(text)).toEqual({ position, expected })
})
