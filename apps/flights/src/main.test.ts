import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { PROGRAM_FLAGS } from '@malstrom/services/program'
import { afterAll, expect, test } from 'vitest'
import { parseCommandLine, UsageError } from './command-line.ts'

const TIMEOUT_MS = 120_000
const ESCAPE = '\u001b'

const states = mkdtempSync(join(tmpdir(), 'malstrom-demo-'))
afterAll(() => rmSync(states, { recursive: true, force: true }))
let runs = 0

/** A run with a state of its own, unless it is told which. */
function startDemo(...given: string[]) {
  const args = given.includes('--state') ? given : [...given, '--state', join(states, String(++runs))]
  const main = fileURLToPath(new URL('./main.ts', import.meta.url))
  return spawn(process.execPath, [...PROGRAM_FLAGS, main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
}

async function demo(...args: string[]) {
  const child = startDemo(...args)
  const [out, err, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { out, err, status: status as number }
}

test('--json prints lines of JSON and nothing else', { timeout: TIMEOUT_MS }, async () => {
  const { out, err, status } = await demo('--small', '--json')
  expect(status).toBe(0)
  expect(out + err).not.toContain(ESCAPE)
  expect(out.endsWith('}\n')).toBe(true)
  const lines: { type: string; airport: string; flights: number; late: number }[] = out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  const flightsOf = (type: string) => lines.filter((line) => line.type === type).reduce((sum, { flights }) => sum + flights, 0)

  const summary = lines.at(-1)
  expect(summary).toMatchObject({
    type: 'summary',
    dataset: 'flights-20k.json',
    boundMinutes: 120,
    records: 20_000,
    onTime: 19_708,
    late: 292,
    airports: 220,
    airportHours: lines.filter(({ type }) => type === 'hour').length,
    airportDays: lines.filter(({ type }) => type === 'day').length,
    frontier: '2001-03-31T20:36',
  })
  expect([flightsOf('hour'), flightsOf('day'), flightsOf('airport')]).toEqual([19_708, 19_708, 19_708])
  expect(lines.filter(({ type }) => type === 'airport').reduce((sum, { late }) => sum + late, 0)).toBe(292)
  expect(new Set(lines.map(({ type }) => type))).toEqual(new Set(['hour', 'day', 'airport', 'summary']))
})

test('without --json there is a table on standard output, and all remarks go to standard error', { timeout: TIMEOUT_MS }, async () => {
  const { out, err, status } = await demo('--small', '--bound-minutes', '60')
  expect(status).toBe(0)
  expect(out + err).not.toContain(ESCAPE)
  expect(out).toMatch(/^ORD {6}Chicago O'Hare International {2,}[\d,]+ {2}/m)
  expect(out).toMatch(/^records {2}20,000 {2}in \d+\.\d\d s: [\d,]+ records\/s$/m)
  expect(err).toContain('Read and sorted 20,000 flights')
})

test('the same every time, but for the seconds', { timeout: TIMEOUT_MS }, async () => {
  const [first, second] = await Promise.all([demo('--small', '--json'), demo('--small', '--json')])
  const withoutTime = (out: string) => out.replace(/"seconds":[\d.]+,"recordsPerSecond":\d+/, '')
  expect(withoutTime(first.out)).toBe(withoutTime(second.out))
})

test('a reader that has seen enough ends the demo', { timeout: TIMEOUT_MS }, async () => {
  const child = startDemo('--small', '--json')
  child.stdout.once('data', () => child.stdout.destroy())
  const [err, [status]] = await Promise.all([text(child.stderr), once(child, 'exit')])
  expect(status).toBe(0)
  expect(err).not.toContain('ERR_')
})

test('a flag that does not exist ends with status 2 and the usage', { timeout: TIMEOUT_MS }, async () => {
  const { out, err, status } = await demo('--smal')
  expect([status, out]).toEqual([2, ''])
  expect(err).toMatch(/^Unknown option '--smal'[\s\S]*Usage: demo/)
})

test.each([
  ['--bound-minutes=-1', /whole number from 0/],
  ['--bound-minutes=1.5', /whole number from 0/],
  ['--bound-minutes=1e9', /whole number from 0/],
  ['--bound-minutes=', /whole number from 0/],
  ['--bound-minutes', /argument/],
  ['--json=yes', /--json/],
  ['flights', /flights/],
])('%s is refused', (argument, message) => {
  expect(() => parseCommandLine([argument])).toThrow(UsageError)
  expect(() => parseCommandLine([argument])).toThrow(message)
})

test('the -- of a package manager is no argument of the demo', () => {
  expect(parseCommandLine(['--', '--small', '--bound-minutes', '90'])).toEqual({
    help: false,
    json: false,
    dataset: 'small',
    boundMinutes: 90,
    state: '.demo-state',
  })
})
