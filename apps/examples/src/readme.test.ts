import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PROGRAM_FLAGS } from '@malstrom/services/program'
import { describe, expect, it } from 'vitest'

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')

describe('the program of the first README', () => {
  const [, program, output] = read('../../../README.md').match(/```ts\n([\s\S]*?)```[\s\S]*?```\n([\s\S]*?)```/) ?? []

  it('is word-count.ts', () => {
    expect(program).toBe(read('./word-count.ts'))
  })

  it('prints what the README says', () => {
    const path = fileURLToPath(new URL('./word-count.ts', import.meta.url))
    const { stdout, stderr } = spawnSync(process.execPath, [...PROGRAM_FLAGS, path], { encoding: 'utf8' })
    expect({ stdout, stderr }).toEqual({ stdout: output, stderr: '' })
  }, 120_000)
})

describe('the program of the README of @malstrom/runtime that runs on threads', () => {
  it('counts all words', () => {
    const path = fileURLToPath(new URL('./threads/main.ts', import.meta.url))
    const directory = mkdtempSync(join(tmpdir(), 'malstrom-threads-'))
    const run = spawnSync(process.execPath, [...PROGRAM_FLAGS, path], { cwd: directory, encoding: 'utf8' })
    rmSync(directory, { recursive: true, force: true })
    expect(run).toMatchObject({ stdout: '1000\n', stderr: '', status: 0 })
  }, 120_000)
})

describe('the program of the README of @malstrom/persistence', () => {
  it('prints its totals once: when it is started again, it has ended already', () => {
    const path = fileURLToPath(new URL('./kept-totals.ts', import.meta.url))
    const directory = mkdtempSync(join(tmpdir(), 'malstrom-kept-'))
    const run = () =>
      spawnSync(process.execPath, [...PROGRAM_FLAGS, path], {
        cwd: directory,
        encoding: 'utf8',
      })
    const [first, second] = [run(), run()]
    rmSync(directory, { recursive: true, force: true })
    expect(first).toMatchObject({ stderr: '', status: 0 })
    expect(first.stdout.match(/value: \d+/g)).toEqual(['value: 1', 'value: 2', 'value: 4'])
    expect(second).toMatchObject({ stdout: '', stderr: '', status: 0 })
  }, 120_000)
})

describe('the program of the README of @malstrom/runtime', () => {
  it('prints what the README says', () => {
    const path = fileURLToPath(new URL('./operate.ts', import.meta.url))
    const { stdout, stderr } = spawnSync(process.execPath, [...PROGRAM_FLAGS, path], { encoding: 'utf8' })
    expect(stderr).toBe('')
    expect(stdout.match(/value: \d+/g)).toEqual(['value: 1', 'value: 4', 'value: 9'])
    expect(stdout.endsWith('finished 3 1\n')).toBe(true)
  }, 120_000)
})
