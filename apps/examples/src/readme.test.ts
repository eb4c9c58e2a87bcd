import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')

describe('the program of the first README', () => {
  const [, program, output] = read('../../../README.md').match(/```ts\n([\s\S]*?)```[\s\S]*?```\n([\s\S]*?)```/) ?? []

  it('is word-count.ts', () => {
    expect(program).toBe(read('./word-count.ts'))
  })

  it('prints what the README says', () => {
    const path = fileURLToPath(new URL('./word-count.ts', import.meta.url))
    const { stdout, stderr } = spawnSync(process.execPath, ['--conditions=@malstrom/source', '--import', 'tsx', path], { encoding: 'utf8' })
    expect({ stdout, stderr }).toEqual({ stdout: output, stderr: '' })
  }, 30_000)
})
