import { posix } from 'node:path'
import type { Rule } from '../repository.ts'

const LINK = /\]\(([^)\s#]+)(?:#[^)\s]*)?\)/g

/** Links from page to page and to files outlive what they lead to: those without a scheme lead to a file or a folder of the repository. */
export const docsLinks: Rule = ({ files }) => {
  const places = new Set<string>()
  for (const { path } of files) for (let at = path; at !== '.' && !places.has(at); at = posix.dirname(at)) places.add(at)
  return files
    .filter(({ path }) => path.endsWith('.md'))
    .flatMap(({ path, text }) =>
      [...text.matchAll(LINK)]
        .map((match) => match[1] as string)
        .filter((link) => !/^([a-z]+:|\/\/)/.test(link) && !places.has(posix.join(posix.dirname(path), link).replace(/\/$/, '')))
        .map((link) => `${path} links to ${link}, which is not there. Correct the link, or take it away.`),
    )
}
