import type { Rule } from '../repository.ts'

const LINES_MAX = 350

/** Files that are longer for a reason: path to reason. */
const LONGER_FOR_A_REASON: Readonly<Record<string, string>> = {}

/** One idea per file; beyond 350 lines there is a second one in it. */
export const fileLength: Rule = ({ sources }) =>
  sources.flatMap(({ path, text }) => {
    const lines = text.trimEnd().split('\n').length
    if (lines <= LINES_MAX || Object.hasOwn(LONGER_FOR_A_REASON, path)) return []
    return [
      `${path} has ${lines} lines. One idea per file: beyond ${LINES_MAX} look for the second idea and give it a file (STYLE.md, Files).`,
    ]
  })
