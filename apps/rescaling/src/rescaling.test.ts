import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { PROGRAM_FLAGS } from '@malstrom/services/program'
import { expect, it } from 'vitest'

const main = fileURLToPath(new URL('./main.ts', import.meta.url))

it('is rescaled from 1 to 4 and to 2 workers, with every total right and none missing', { timeout: 120_000 }, () => {
  const { FORCE_COLOR: _, ...env } = process.env
  const run = spawnSync(process.execPath, [...PROGRAM_FLAGS, main], { encoding: 'utf8', env })
  expect(run.stderr).toBe('')
  expect(run.status).toBe(0)
  const lines = run.stdout.trim().split('\n')
  expect(lines.filter((line) => line.startsWith('Rescale complete! 0 restarts'))).toHaveLength(2)
  const [, numbers, totals] = /^(\d+) numbers in, (\d+) totals out$/.exec(lines.at(-1) ?? '') ?? []
  expect(totals).toBe(numbers)
  expect(Number(numbers)).toBeGreaterThanOrEqual(12_000)
  const workers = new Set(lines.flatMap((line) => /@ Worker (\d+)/.exec(line)?.[1] ?? []))
  expect(workers.size).toBeGreaterThan(2)
  for (let digit = 0; digit < 10; digit++) {
    const counts = lines.flatMap((line) => {
      const [, count, known] = /^(\d+) numbers end in (\d)/.exec(line) ?? []
      return known === `${digit}` ? [Number(count)] : []
    })
    expect(counts).toEqual(Array.from({ length: Number(numbers) / 1_000 }, (_line, index) => (index + 1) * 100))
  }
})
