import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { RedisServer } from '@malstrom/services'
import { PROGRAM_FLAGS } from '@malstrom/services/program'
import { expect, it } from 'vitest'

const main = fileURLToPath(new URL('./main.ts', import.meta.url))
const missing = RedisServer.missing()

it.skipIf(missing !== undefined)(`keeps a leaderboard in Redis, also over a pause ${missing ?? ''}`, { timeout: 120_000 }, () => {
  const { FORCE_COLOR: _, ...env } = process.env
  const args = [...PROGRAM_FLAGS, main, '--rounds', '10000']
  const run = spawnSync(process.execPath, args, { encoding: 'utf8', env, timeout: 110_000 })
  expect({ status: run.status, stderr: run.stderr }, run.stdout).toEqual({ status: 0, stderr: '' })
  expect(run.stdout).toContain('announced: ')
  expect(run.stdout.trim().split('\n').at(-1)).toMatch(/^10000 rounds, [1-9]\d* announcements, all totals right\.$/)
})
