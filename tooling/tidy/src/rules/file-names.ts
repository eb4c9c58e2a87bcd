import type { Rule } from '../repository.ts'

const KEBAB_CASE = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)*$/
const NAMES_FOR_NOTHING = new Set(['util', 'utils', 'utility', 'utilities', 'helper', 'helpers', 'common', 'misc', 'shared'])

/** Files are kebab-case and named after what they export, so none is a drawer for odds and ends. */
export const fileNames: Rule = ({ sources }) =>
  sources.flatMap(({ path }) =>
    path.split('/').flatMap((segment) => {
      const [stem = ''] = segment.split('.')
      if (!KEBAB_CASE.test(segment)) return [`${path}: "${segment}" is not kebab-case. Rename it.`]
      if (!NAMES_FOR_NOTHING.has(stem)) return []
      return [`${path}: "${segment}" names nothing. Name the file after what it exports.`]
    }),
  )
