import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { PROGRAM_FLAGS } from '@malstrom/services/program'
import { errorOf } from '@malstrom/testing'
import { describe, expect, it } from 'vitest'
import { parseCommandLine } from './command-line.ts'
import { goldens } from './goldens.ts'

const main = fileURLToPath(new URL('./main.ts', import.meta.url))

function run(...args: string[]) {
  const { FORCE_COLOR: _, ...env } = process.env
  return spawnSync(process.execPath, [...PROGRAM_FLAGS, main, ...args], { encoding: 'utf8', env })
}

describe('nexmark', () => {
  it('prints one line of JSON', () => {
    const { stdout, stderr, status } = run(
      '--query',
      'q4',
      '--events',
      '100000',
      '--seed',
      'java',
      '--out-of-order',
      '1',
      '--workers',
      '1',
      '--json',
    )
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 })
    expect(stdout).toMatch(/^\{.*\}\n$/)
    const result = JSON.parse(stdout)
    expect(Object.keys(result)).toEqual(['query', 'events', 'answer', 'seconds', 'eventsPerSecond'])
    expect(result).toMatchObject({ query: 'q4', events: 100_000, answer: goldens.q4 })
    expect(result.seconds).toBeGreaterThan(0)
  })

  it('prints the answer for people without --json', () => {
    const { stdout, status } = run('--query', 'q3')
    expect(status).toBe(0)
    expect(stdout).toMatch(/^q3: 100,000 events in [\d.]+ s, [\d,]+ events\/s\n {2}count +580\n {2}sumId +2,586,338\n$/)
  })

  it('says what is wrong with a flag, on standard error, and ends with 1', () => {
    const { stdout, stderr, status } = run('--query', 'q33', '--json')
    expect({ stdout, status }).toEqual({ stdout: '', status: 1 })
    expect(stderr).toBe(
      'ERR_CLI_USAGE: nexmark: --query is one of q0, q1, q2, q3, q4, q5, q6, q7, q8, q9, not "q33". See nexmark --help.\n',
    )
  })
})

describe('parseCommandLine', () => {
  it('knows defaults', () => {
    expect(parseCommandLine(['--', '--query', 'q7'])).toEqual({
      help: false,
      json: false,
      query: 'q7',
      events: 100_000,
      seed: 'java',
      outOfOrder: 1,
      workers: 1,
      chaos: undefined,
    })
    expect(parseCommandLine(['-h']).help).toBe(true)
  })

  it.each([
    [[], '--query is missing'],
    [['--query', 'q1', '--events', '0'], '--events is a whole number from 1'],
    [['--query', 'q1', '--events', '1e5'], 'not "1e5"'],
    [['--query', 'q1', '--seed', 'c'], '--seed is one of java, splitmix, not "c"'],
    [['--query', 'q1', '--out-of-order', '-1'], '--out-of-order'],
    [['--query', 'q1', '--out-of-order', '1906'], 'no multiple of 953'],
    [['--query', 'q1', '--workers', '0'], '--workers is a whole number from 1 to 64, not "0"'],
    [['--query', 'q1', '--chaos', 'yes'], '--chaos is a whole number'],
    [['--query', 'q1', '--chaos', '1', '--events', '100'], 'with --chaos, --events is from 10000'],
    [['--query', 'q1', '--speed', '2'], '--speed'],
    [['q1'], 'q1'],
  ])('refuses %j', async (args, message) => {
    const error = await errorOf(Promise.resolve().then(() => parseCommandLine(args)))
    expect(error).toMatchObject({ code: 'ERR_CLI_USAGE', message: expect.stringContaining(message) })
  })
})
