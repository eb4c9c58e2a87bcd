import { readFileSync } from 'node:fs'
import { MalstromError, messageOf } from '@malstrom/core'
import { findJsonProblem, type JsonProblem } from './json-problem.ts'

const EXCERPT_CHARACTERS_MAX = 30

/** The params given by `--params`: JSON, or `@` and the path of a file of JSON; `undefined` if not given. */
export function readParams(given: string | undefined): unknown {
  if (given === undefined) return undefined
  if (given.startsWith('@')) return parseFile(given.slice(1))
  const problem = findJsonProblem(given)
  if (problem === undefined) return JSON.parse(given)
  const place =
    given.trim() === '' ? 'it is empty' : `expected ${problem.expected} at character ${problem.position + 1}${near(given, problem)}`
  throw new MalstromError('ERR_CLI_PARAMS', `--params is not JSON: ${place}. ${quotingHint}`)
}

// Shells take quotes away: the most frequent mistake is JSON that has lost its own.
const quotingHint =
  `Quote it for the shell: --params '{"limit": 10}', on Windows --params "{\\"limit\\": 10}"; ` +
  'or put it into a file: --params @params.json'

function parseFile(path: string): unknown {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    throw new MalstromError('ERR_CLI_PARAMS', `--params: the file "${path}" cannot be read: ${messageOf(cause)}`, {
      cause,
      context: { path },
    })
  }
  text = text.replace(/^\uFEFF/, '')
  const problem = findJsonProblem(text)
  if (problem === undefined) return JSON.parse(text)
  const before = text.slice(0, problem.position).split('\n')
  const line = before.length
  const column = (before.at(-1) as string).length + 1
  throw new MalstromError(
    'ERR_CLI_PARAMS',
    `${path}:${line}:${column}: --params is not JSON: expected ${problem.expected}${near(text, problem)}.`,
    { context: { path, line } },
  )
}

function near(text: string, { position }: JsonProblem): string {
  const rest = text.slice(position)
  if (rest.trim() === '') return ', where it ends'
  return `, before ${rest.length > EXCERPT_CHARACTERS_MAX ? `${rest.slice(0, EXCERPT_CHARACTERS_MAX)}...` : rest}`
}
