import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { findTsx } from './prepare-import.ts'

const directory = mkdtempSync(join(tmpdir(), 'malstrom-tsx-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

it('tsx is looked for at the job first, then at the CLI', () => {
  const modules = ['job', 'cli'].map((name) => join(directory, name, 'module.js'))
  expect(findTsx(modules)).toBeUndefined()
  for (const name of ['cli', 'job']) {
    const tsx = join(directory, name, 'node_modules/tsx')
    mkdirSync(tsx, { recursive: true })
    writeFileSync(
      join(tsx, 'package.json'),
      JSON.stringify({ exports: { './package.json': './package.json', './esm/api': { import: { default: './api.mjs' } } } }),
    )
    expect(findTsx(modules)).toBe(join(tsx, 'api.mjs'))
  }
})
