import type { Rule } from '../repository.ts'

const SNIPPET = /^( *)```ts\n([\s\S]*?)^\1```$/gm

/**
 * Documentation that nothing runs goes wrong unnoticed: the lines of every TypeScript snippet in a page stand,
 * together and in this order, in a TypeScript file. Indentation does not count.
 */
export const docsSnippets: Rule = ({ files }) => {
  const sources = files.filter(({ path }) => /\.m?ts$/.test(path)).map(({ text }) => `\n${normalize(text)}\n`)
  return files
    .filter(({ path }) => path.endsWith('.md') && !path.startsWith('.changeset/') && !path.endsWith('CHANGELOG.md'))
    .flatMap(({ path, text }) =>
      [...text.matchAll(SNIPPET)]
        .map((match) => match[2] ?? '')
        .filter((snippet) => !sources.some((source) => source.includes(`\n${normalize(snippet)}\n`)))
        .map(
          (snippet) =>
            `${path} shows a snippet that stands in no file ("${snippet.trim().split('\n')[0]}"). Copy it from a file that CI runs.`,
        ),
    )
}

function normalize(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('// #'))
    .join('\n')
}
