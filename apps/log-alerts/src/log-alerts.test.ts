import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { PROGRAM_FLAGS } from '@malstrom/services/program'
import { expect, it } from 'vitest'
import { parseLogLine } from './log-line.ts'

const main = fileURLToPath(new URL('./main.ts', import.meta.url))

it('alerts of every service and minute with too many errors, and of no other', { timeout: 120_000 }, () => {
  const { FORCE_COLOR: _, ...env } = process.env
  const args = [...PROGRAM_FLAGS, main]
  const run = spawnSync(process.execPath, args, { encoding: 'utf8', env, timeout: 110_000 })
  expect({ status: run.status, stderr: run.stderr }, run.stdout).toEqual({ status: 0, stderr: '' })
  expect(run.stdout).toContain('3 requests were answered 503 and came again.')
  expect(run.stdout.trim().split('\n').at(-1)).toMatch(/^1800 lines, [1-9] alerts: all of them right\.$/)
})

it('reads lines of a log, and nothing else', () => {
  const at = Date.UTC(2026, 0, 2, 3, 4, 5, 600)
  expect(parseLogLine('2026-01-02T03:04:05.6Z ERROR a.b-c: x: y')).toEqual({ at, level: 'ERROR', service: 'a.b-c', message: 'x: y' })
  for (const line of ['', '    at handle (server.ts:1)', '2026-13-02T03:04:05Z ERROR a: b', '2026-01-02 03:04:05 ERROR a: b'])
    expect(parseLogLine(line)).toBeUndefined()
})
