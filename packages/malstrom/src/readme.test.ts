import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, it } from 'vitest'
import { COMMAND } from './fixture/command.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const readme = readFileSync(join(root, 'packages/malstrom/README.md'), 'utf8')
const blocks = [...readme.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].filter(([, language]) => language !== 'sh')
const [program, output, graph] = blocks.map(([, , text]) => text)

const directory = mkdtempSync(join(tmpdir(), 'malstrom-readme-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

function malstrom(...args: string[]): string {
  return spawnSync(process.execPath, [...COMMAND, ...args], { cwd: directory, encoding: 'utf8' }).stdout
}

it('the program of the README is the example that is run and tested', () => {
  expect(program).toBe(readFileSync(join(root, 'apps/examples/src/look-ma-im-streaming.job.ts'), 'utf8'))
})

it('the program of the README prints what the README says', { timeout: 60_000 }, () => {
  writeFileSync(join(directory, 'job.ts'), program as string)
  expect(malstrom('run', 'job.ts')).toBe(output)
  expect(malstrom('graph', 'job.ts')).toBe(graph)
})
