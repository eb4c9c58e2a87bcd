import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PROGRAM_FLAGS } from '@malstrom/services/program'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { examples } from './examples.ts'

const source = fileURLToPath(new URL('./', import.meta.url))
const goldens = fileURLToPath(new URL('../goldens/', import.meta.url))

const PROCESSES_MAX = 2
/** They take about 10 s; a machine may be busy with other things. */
const ALL_RUNS_MS = 300_000

/** The streams, or the files, of these are in order, but how they interleave is unspecified. Their goldens have a block for each. */
const interleaved = new Set(['cloned-streams', 'split-streams', 'joining-streams', 'file-source-stateless', 'file-source-stateful'])
/** These run on several threads: their lines come in any order, those of one key in theirs. */
const severalThreads = new Set(['keyed-streams', 'multithreading'])
/** These print nothing. Their goldens have the files they write. */
const fileSinks = new Set(['file-sink-stateless', 'file-sink-stateful'])

/** In a file of a former run; a file sink must replace it. */
const LEFT_BEHIND = 'left by a former run\n'.repeat(100)

interface Run {
  readonly stdout: string
  readonly stderr: string
  readonly status: number | null
}

const names = Object.keys(examples)
/** Other arguments than the name of an example: each of these prints the list. */
const listings = [
  { title: 'is printed with status 0 if asked for', argument: '--list', status: 0, output: 'stdout' },
  { title: 'is printed with status 2 if no example is named', argument: '', status: 2, output: 'stderr' },
  {
    title: 'is printed with status 2 if the example is unknown, also by a name that every object has',
    argument: 'constructor',
    status: 2,
    output: 'stderr',
  },
] as const

const folder = mkdtempSync(join(tmpdir(), 'malstrom-examples-'))
const runs = new Map<string, Run>()

beforeAll(async () => {
  const waiting = [...names, ...listings.map(({ argument }) => argument)]
  const lane = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      runs.set(next, await runMain(next))
    }
  }
  await Promise.all(Array.from({ length: PROCESSES_MAX }, lane))
}, ALL_RUNS_MS)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the examples', () => {
  it.each(names)('%s ends well and says nothing but its output', (name) => {
    expect(runs.get(name)).toMatchObject({ status: 0, stderr: '' })
  })

  it.each(names.filter((name) => !interleaved.has(name) && !fileSinks.has(name) && !severalThreads.has(name)))(
    '%s prints its golden text',
    (name) => {
      expect(runs.get(name)?.stdout).toBe(goldenOf(name))
    },
  )

  it.each([...interleaved])('%s prints the streams of its golden text, each in order, interleaved in any way', (name) => {
    const lines = linesOf(runs.get(name)?.stdout ?? '')
    const [first = [], second = []] = goldenOf(name).split('\n\n').map(linesOf)
    expect(lines.toSorted()).toEqual([...first, ...second].toSorted())
    expect(isInterleaving(lines, first, second)).toBe(true)
  })

  it.each([...severalThreads])('%s prints the lines of its golden text in any order', (name) => {
    expect(linesOf(runs.get(name)?.stdout ?? '').toSorted()).toEqual(linesOf(goldenOf(name)).toSorted())
  })

  it.each([...fileSinks])('%s writes the files of its golden text and prints nothing', (name) => {
    expect(runs.get(name)?.stdout).toBe('')
    const written = join(folderOf(name), 'scratch/file-sink')
    const files = readdirSync(written).toSorted()
    const text = files.map((file) => `==> scratch/file-sink/${file} <==\n${readFileSync(join(written, file), 'utf8')}`).join('')
    expect(text).toBe(goldenOf(name))
  })
})

describe('the list of examples', () => {
  it('has a job, a golden text and a line in the README for each, and none that it does not list', () => {
    expect(stemsIn(source, '.job.ts')).toEqual(names.toSorted())
    expect(stemsIn(goldens, '.txt')).toEqual(names.toSorted())
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
    const rows = [...readme.matchAll(/^\|\s*\[`([a-z-]+)`\]\(src\/([a-z-]+)\.job\.ts\)\s*\|/gm)]
    expect(rows.map(([, name]) => name)).toEqual(names)
    expect(rows.map(([, , file]) => file)).toEqual(names)
  })

  it.each(listings)('$title', ({ argument, status, output }) => {
    const run = runs.get(argument)
    expect(run?.status).toBe(status)
    for (const name of names) expect(run?.[output]).toContain(`  ${name} `)
  })
})

describe('the golden texts', () => {
  it.each([
    ['basic-noop', 0],
    ['basic-operators', 101],
    ['cloned-streams', 202],
    ['split-streams', 152],
    ['joining-streams', 202],
    ['custom-stateless-operator', 10],
    ['custom-stateful-operator', 21],
    ['look-ma-im-streaming', 4],
    ['stateful-programs', 101],
    ['stateful-program-multiple-keys', 101],
    ['keyed-streams', 101],
    ['multithreading', 101],
    ['event-time', 4],
    ['event-time-out-of-order', 4],
    ['ttl-map-example', 100],
    ['file-sink-stateless', 5 + 5],
    ['file-sink-stateful', 5 + 50],
  ])('%s has the %i lines of the reference', (name, count) => {
    expect(linesOf(goldenOf(name))).toHaveLength(count)
  })

  it.each([
    ['stateful-programs', '5050'],
    ['stateful-program-multiple-keys', '{ key: true, value: 2500, timestamp: 99 }', '{ key: false, value: 2550, timestamp: 100 }'],
    ['ttl-map-example', '{ key: false, value: 2450, timestamp: 98 }', '{ key: true, value: 2500, timestamp: 99 }'],
    ['custom-stateful-operator', '{ key: [], value: [ 100 ], timestamp: Infinity }'],
  ])('%s ends with the results of the reference', (name, ...end) => {
    expect(linesOf(goldenOf(name)).slice(-end.length)).toEqual(end)
  })
})

/** Runs the command behind `pnpm example`, in a folder of its own. */
function runMain(argument: string): Promise<Run> {
  const { FORCE_COLOR: _, ...env } = process.env
  const cwd = folderOf(argument)
  mkdirSync(join(cwd, 'scratch/file-sink'), { recursive: true })
  writeFileSync(join(cwd, 'scratch/file-sink/4.txt'), LEFT_BEHIND)
  const main = [join(source, 'main.ts'), ...(argument === '' ? [] : [argument])]
  const child = spawn(process.execPath, [...PROGRAM_FLAGS, ...main], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (status) => resolve({ stdout, stderr, status }))
  })
}

function folderOf(argument: string): string {
  return join(folder, argument || 'none')
}

function goldenOf(name: string): string {
  return readFileSync(join(goldens, `${name}.txt`), 'utf8')
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '')
}

function stemsIn(folder: string, suffix: string): string[] {
  const files = readdirSync(folder).filter((file) => file.endsWith(suffix))
  return files.map((file) => file.slice(0, -suffix.length)).toSorted()
}

/** Whether `lines` are those of `first` and of `second`, each in their order. */
function isInterleaving(lines: readonly string[], first: readonly string[], second: readonly string[]): boolean {
  if (lines.length !== first.length + second.length) return false
  // How many lines of `first` may have been taken so far; the others are of `second`.
  let taken = new Set([0])
  lines.forEach((line, index) => {
    const next = new Set<number>()
    for (const ofFirst of taken) {
      if (first[ofFirst] === line) next.add(ofFirst + 1)
      if (second[index - ofFirst] === line) next.add(ofFirst)
    }
    taken = next
  })
  return taken.has(first.length)
}
