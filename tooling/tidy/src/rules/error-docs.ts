import type { Rule } from '../repository.ts'

export const ERROR_CODES = 'packages/core/src/error-code.ts'
export const ERROR_DOCS = 'docs/errors.md'

const CODE = /\bERR_[A-Z0-9_]+\b/g

/** Error codes are public API: the page lists every code, and no code that is gone. Silent while either file is missing. */
export const errorDocs: Rule = ({ files }) => {
  const codes = codesIn(files.find(({ path }) => path === ERROR_CODES)?.text)
  const documented = codesIn(files.find(({ path }) => path === ERROR_DOCS)?.text)
  if (codes === undefined || documented === undefined) return []
  return [
    ...[...codes]
      .filter((code) => !documented.has(code))
      .map((code) => `${ERROR_DOCS} does not explain ${code}. Say when it is thrown and what to do.`),
    ...[...documented]
      .filter((code) => !codes.has(code))
      .map((code) => `${ERROR_DOCS} explains ${code}, which ${ERROR_CODES} does not list. Remove it.`),
  ]
}

function codesIn(text: string | undefined): Set<string> | undefined {
  return text === undefined ? undefined : new Set(text.match(CODE))
}
