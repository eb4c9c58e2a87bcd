import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { COMMAND } from './fixture/command.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const directory = mkdtempSync(join(tmpdir(), 'malstrom-cli-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const job = (build: string, name = 'test') => `defineJob({ name: '${name}', module: import.meta.url, build(flow, params) {\n${build}\n} })`
const lines = (build: string) =>
  `import { defineJob, forEach, fromIterable, fromAsyncIterable, toConsole } from 'malstrom'\nexport default ${job(build)}\n`

const files: Readonly<Record<string, string>> = {
  'double.mjs': lines("flow.source('numbers', fromIterable(params.numbers)).map('double', (n) => n * 2).sink('out', toConsole())"),
  'typed.ts': lines("flow.source('n', fromIterable([1] as const)).map('next', (n: number): number => n + 1).sink('out', toConsole())"),
  'fails.mjs': lines(
    "flow.source('n', fromIterable([1, 2])).map('bad', (n) => { if (n === 2) throw new Error('no twos'); return n }).sink('out', toConsole())",
  ),
  'endless.mjs': lines(`let written = 0
    const write = () => { written++ }
    const flush = async () => console.log('flushed', written > 0)
    const partition = { write, saturated: false, flush, snapshot() {}, close: () => console.log('closed') }
    flow.source('n', fromIterable(function* () { for (let n = 0; ; n++) yield n })).sink('out', { partitionOf: () => 'all', openPartition: () => partition })`),
  'stuck.mjs': lines(`const partition = { write() {}, saturated: false, flush: () => new Promise(() => {}), snapshot() {}, close() {} }
    flow.source('n', fromIterable(function* () { for (let n = 0; ; n++) yield n })).sink('out', { partitionOf: () => 'all', openPartition: () => partition })`),
  'open-timer.mjs': `setInterval(() => {}, 1e6)\n${lines("flow.source('n', fromIterable([1])).discard('out')")}`,
  'uncaught.mjs': `setTimeout(() => { throw new Error('in a timer') })\n${lines("flow.source('n', fromAsyncIterable(() => ({ [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) }))).discard('out')")}`,
  'several.mjs': `import { defineJob, fromIterable, toConsole } from 'malstrom'
export const first = ${job("flow.source('n', fromIterable([1])).sink('out', toConsole())", 'one')}
export const second = ${job("flow.source('n', fromIterable([2])).sink('out', toConsole())", 'two')}\n`,
  'syntax.mjs': 'const x = 1\nexport default { a: }\n',
  'throws.mjs': "\nthrow new RangeError('not today')\n",
  'waits.mjs': 'await new Promise(() => {})\n',
  'missing.mjs': "import 'no-such-package'\n",
  'nameless.mjs': "import { defineJob } from 'malstrom'\nexport default defineJob({ module: import.meta.url, build() {} })\n",
  'no-job.mjs': 'export const limit = 10\nexport default function build() {}\n',
  'empty.mjs': '',
  'duplicate.mjs': lines("flow.source('n', fromIterable([1])).map('n', (n) => n).discard('out')"),
  'params.json': '{"numbers": [3, 4]}',
  'bad.json': '{\n  "numbers": [3, 4,]\n}',
}
for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text)
mkdirSync(join(directory, 'folder'))

interface Result {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the CLI in the folder of the job files; `whenHeard` is called with all of standard error so far. */
function malstrom(
  args: readonly string[],
  whenHeard: (stderr: string, kill: (signal: NodeJS.Signals) => void) => void = () => {},
  NODE_PATH = '',
) {
  const { NO_COLOR, FORCE_COLOR, NODE_OPTIONS, ...rest } = process.env
  const env = { ...rest, NODE_PATH }
  const child = spawn(process.execPath, [...COMMAND, ...args], { cwd: directory, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk) => {
    stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    stderr += chunk
    whenHeard(stderr, (signal) => child.kill(signal))
  })
  return new Promise<Result>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (status) => resolve({ status, stdout, stderr }))
  })
}

/** A line of output as the console sink prints it. */
const printed = (value: number, timestamp: number) => `{ key: NoKey, value: ${value}, timestamp: ${timestamp} }\n`
const SUMMARY = /^malstrom: job "test" finished: 2 in, 2 out, 0 late, \d+\.\d\d s, [\d,]+ records\/s\n$/

describe.concurrent('malstrom', { timeout: 60_000 }, () => {
  it('run prints what the job prints, and one line about it on standard error', async () => {
    const { status, stdout, stderr } = await malstrom(['run', 'double.mjs', '--params', '{"numbers": [3, 4]}'])
    expect({ status, stdout }).toEqual({ status: 0, stdout: printed(6, 0) + printed(8, 1) })
    expect(stderr).toMatch(SUMMARY)
  })

  it('run takes params from a file, and says nothing with --quiet', async () => {
    const result = await malstrom(['run', '--quiet', 'double.mjs', '--params', '@params.json'])
    expect(result).toEqual({ status: 0, stdout: printed(6, 0) + printed(8, 1), stderr: '' })
  })

  it('run imports TypeScript from a folder without package.json, and lends it the malstrom package', async () => {
    expect(await malstrom(['run', 'typed.ts', '-q'])).toEqual({ status: 0, stdout: printed(2, 0), stderr: '' })
  })

  it('run lends it the malstrom package also where NODE_PATH names one, which imports do not see', async () => {
    const path = fileURLToPath(new URL('../../../node_modules/.pnpm/node_modules', import.meta.url))
    const result = await malstrom(['run', '-q', 'double.mjs', '--params', '{"numbers": [1]}'], undefined, path)
    expect(result).toEqual({ status: 0, stdout: printed(2, 0), stderr: '' })
  })

  it('run ends although the job module keeps a timer', async () => {
    expect(await malstrom(['run', 'open-timer.mjs', '-q'])).toEqual({ status: 0, stdout: '', stderr: '' })
  })

  it('--job chooses one of several jobs', async () => {
    expect(await malstrom(['run', 'several.mjs', '-q', '--job', 'one'])).toMatchObject({ status: 0, stdout: printed(1, 0) })
  })

  it('a job that fails tells the operator and the cause, and its stack only with --stack', async () => {
    const { status, stdout, stderr } = await malstrom(['run', 'fails.mjs', '-q'])
    const message = /^malstrom: ERR_OPERATOR_FAILED: Operator \(map\) "bad" \(fails\.mjs:3\) failed at timestamp 1: no twos\n/
    expect({ status, stdout }).toEqual({ status: 1, stdout: printed(1, 0) })
    expect(stderr).toMatch(new RegExp(`${message.source}$`))
    const withStack = (await malstrom(['run', 'fails.mjs', '-q', '--stack'])).stderr
    expect(withStack).toMatch(message)
    expect(withStack).toMatch(/\n {4}at .*\n[\s\S]*\[cause\]: Error: no twos/)
  })

  it('Ctrl-C flushes and closes the sinks of an endless job', async () => {
    const { status, stdout, stderr } = await malstrom(['run', 'endless.mjs'], (heard, kill) => {
      if (/records.* late 0\n/.test(heard) && !heard.includes('cancelling')) kill('SIGINT')
    })
    expect({ status, stdout }).toEqual({ status: 130, stdout: 'flushed true\nclosed\n' })
    expect(stderr).toMatch(/^([\d,]+ records .*late 0\n)+malstrom: cancelling.*\nmalstrom: job "test" was cancelled: .*\n$/)
  })

  it('a second Ctrl-C ends the process although a sink does not answer', async () => {
    let again: NodeJS.Timeout | undefined
    const { status, stdout } = await malstrom(['run', 'stuck.mjs'], (heard, kill) => {
      if (!heard.includes('cancelling')) kill('SIGTERM')
      else again ??= setInterval(() => kill('SIGINT'), 50)
    })
    clearInterval(again)
    expect({ status, stdout }).toEqual({ status: 130, stdout: '' })
  })

  it('graph prints the graph in three formats, and opens nothing', async () => {
    const [text, mermaid, json] = await Promise.all(
      ['text', 'mermaid', 'json'].map((format) => malstrom(['graph', 'endless.mjs', '--format', format])),
    )
    expect(text).toMatchObject({ status: 0, stderr: '' })
    expect(text?.stdout).toMatch(/^job "test", fingerprint [0-9a-f]{16}\n\nsource "n" {2}endless\.mjs:7\nsink "out" {2}endless\.mjs:7\n$/)
    expect(mermaid?.stdout).toBe('flowchart LR\n  n0(["source<br/>n"])\n  n1[("sink<br/>out")]\n  n0 --> n1\n')
    expect(JSON.parse(json?.stdout as string)).toMatchObject({ name: 'test', nodes: [{ name: 'n' }, { name: 'out' }] })
  })

  it('help and version go to standard output; without a command, help goes to standard error', async () => {
    const { version } = JSON.parse(readFileSync(join(root, 'packages/malstrom/package.json'), 'utf8'))
    expect(await malstrom(['--version'])).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' })
    const help = await malstrom(['--help'])
    expect(help).toMatchObject({ status: 0, stderr: '' })
    expect(await malstrom([])).toEqual({ status: 2, stdout: '', stderr: help.stdout })
    expect((await malstrom(['run', '--help'])).stdout).toContain('Usage: malstrom run <job file>')
  })

  it.each([
    ['run syntax.mjs', 1, 'ERR_JOB_IMPORT: Importing "syntax.mjs" failed: syntax.mjs:2: SyntaxError: Unexpected token \'}\''],
    ['run throws.mjs', 1, 'ERR_JOB_IMPORT: Importing "throws.mjs" failed: throws.mjs:2:7: RangeError: not today'],
    ['run waits.mjs', 1, 'ERR_JOB_IMPORT: The job file never finished loading: a top-level await in it waits forever.'],
    [
      'run missing.mjs',
      1,
      /ERR_JOB_IMPORT: Importing "missing\.mjs" failed: Error: Cannot find package 'no-such-package' .*\. Install it: npm install no-such-package/,
    ],
    ['run nameless.mjs', 1, /ERR_JOB_INVALID: nameless\.mjs:2:16: defineJob needs a name: .*/],
    [
      'run no-job.mjs',
      1,
      /ERR_JOB_INVALID: "no-job\.mjs" exports no job, only default \(function\), limit \(number\)\. Export one: export default defineJob.*/,
    ],
    ['run empty.mjs', 1, /ERR_JOB_INVALID: "empty\.mjs" exports nothing\. Export one: .*/],
    ['graph duplicate.mjs', 1, /ERR_OPERATOR_NAME_DUPLICATE: Operator name "n" is used twice .*/],
    ['run double.mjs', 1, /ERR_JOB_BUILD: .*Job "test" was given no params; does it need --params\?/],
    ['run uncaught.mjs', 1, /ERR_OPERATOR_FAILED: Code of the job threw outside of its operators .* at uncaught\.mjs:1:26: in a timer/],
    ['run doubel.mjs', 2, 'ERR_JOB_NOT_FOUND: The job file "doubel.mjs" does not exist. Did you mean double.mjs?'],
    ['run folder', 2, 'ERR_JOB_NOT_FOUND: "folder" is not a file. Give the path of a .ts or .js file that exports a job.'],
    [
      'run double.mjs --params {numbers:3}',
      2,
      /ERR_CLI_PARAMS: --params is not JSON: expected a name in double quotes at character 2, before numbers:3}\. Quote it .*/,
    ],
    ['run double.mjs --params @bad.json', 2, 'ERR_CLI_PARAMS: bad.json:2:20: --params is not JSON: expected a value, before ]\n}.'],
    ['run double.mjs --params @none.json', 2, /ERR_CLI_PARAMS: --params: the file "none\.json" cannot be read: ENOENT.*/],
    ['run several.mjs', 2, 'ERR_CLI_USAGE: "several.mjs" exports several jobs. Say which: --job first or --job second'],
    [
      'run several.mjs --job frist',
      2,
      'ERR_CLI_USAGE: "several.mjs" exports no job "frist", but first ("one"), second ("two"). Did you mean first?',
    ],
    ['rum double.mjs', 2, 'ERR_CLI_USAGE: malstrom has no command "rum". Did you mean run? See malstrom --help.'],
    ['run double.mjs --parms 3', 2, 'ERR_CLI_USAGE: malstrom run has no option --parms. Did you mean --params? See malstrom run --help.'],
  ] as const)('malstrom %s ends with status %i and says why', async (words, expectedStatus, message) => {
    const { status, stdout, stderr } = await malstrom([...words.split(' '), ...(words.startsWith('run') ? ['-q'] : [])])
    expect({ status, stdout }).toEqual({ status: expectedStatus, stdout: '' })
    if (typeof message === 'string') expect(stderr).toBe(`malstrom: ${message}\n`)
    else expect(stderr).toMatch(new RegExp(`^malstrom: ${message.source}\\n$`))
    expect(stderr).not.toMatch(/^\s+at /m)
  })
})
