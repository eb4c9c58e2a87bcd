import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { expect, it } from 'vitest'

const main = fileURLToPath(new URL('./main.ts', import.meta.url))
const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href

it('is rescaled from 1 to 4 and to 2 workers, with every total right and none missing', { timeout: 120_000 }, () => {
  const { FORCE_COLOR: _, ...env } = process.env
  const run = spawnSync(process.execPath, ['--conditions=@malstrom/source', '--import', tsx, main], { encoding: 'utf8', env })
  expect(run.stderr).toBe('')
  expect(run.status).toBe(0)
  const lines = run.stdout.trim().split('\n')
  expect(lines.filter((line) => line.startsWith('Rescale complete! 0 restarts'))).toHaveLength(2)
  expect(lines.at(-1)).toBe('40000 numbers in, 40000 totals out')
  const workers = new Set(lines.flatMap((line) => /@ Worker (\d+)/.exec(line)?.[1] ?? []))
  expect(workers.size).toBeGreaterThan(2)
  for (let digit = 0; digit < 10; digit++) {
    const counts = lines.flatMap((line) => {
      const [, count, known] = /^(\d+) numbers end in (\d)/.exec(line) ?? []
      return known === `${digit}` ? [Number(count)] : []
    })
    expect(counts).toEqual(Array.from({ length: 40 }, (_line, index) => (index + 1) * 100))
  }
})
