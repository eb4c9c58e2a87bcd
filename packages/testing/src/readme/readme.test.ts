import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const textOf = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')

it.each(['source', 'sink', 'store', 'timestamps'])('the README shows the example "%s" as it runs here', (name) => {
  const [, example] = textOf(`./${name}.test.ts`).split(/^\/\/ #(?:region.*|endregion)\n/m)
  expect(textOf('../../README.md')).toContain(`\`\`\`ts\n${example}\`\`\`\n`)
})
