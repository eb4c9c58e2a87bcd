import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { failpoints } from '../worker/environment.ts'

const JOB = fileURLToPath(new URL('../fixture/crash-job.ts', import.meta.url))
const RECORDS = 1_500
/** Kills at random instants; `SIGKILLS=500` for a long run. */
const KILLS = Number(process.env.SIGKILLS ?? 4)

interface Ended {
  readonly killed: boolean
  readonly stderr: string
}

/** Runs the job's process; kills it after `killAfterMs`, if it has not ended by then. */
function runProcess(directory: string, killAfterMs: number | undefined, failpoint = '', occurrence = 0): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const args = ['--conditions=@malstrom/source', '--import', 'tsx', JOB, directory, String(RECORDS), failpoint, String(occurrence)]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] })
    let stderr = ''
    child.stderr.on('data', (chunk) => {
      stderr += chunk
    })
    const timer = setTimeout(() => child.kill('SIGKILL'), killAfterMs ?? 60_000)
    child.on('error', reject)
    child.on('exit', (code, signal) => {
      clearTimeout(timer)
      if (signal === 'SIGKILL') resolve({ killed: true, stderr })
      else if (code === 0) resolve({ killed: false, stderr })
      else reject(new Error(`the job's process ended with ${code}: ${stderr}`))
    })
  })
}

/** What each key must have written: 1, 2, 3 ... with the running sum. */
function expected(): Map<string, string[]> {
  const lines = new Map<string, string[]>()
  const totals = new Map<string, { count: number; sum: number }>()
  for (let n = 0; n < RECORDS * 2; n++) {
    const key = `rest ${n % 11}`
    const { count, sum } = totals.get(key) ?? { count: 0, sum: 0 }
    totals.set(key, { count: count + 1, sum: sum + n })
    lines.set(key, [...(lines.get(key) ?? []), `${key}: ${count + 1} ${sum + n}`])
  }
  return lines
}

async function checkOutput(directory: string): Promise<void> {
  const lines = (await readFile(join(directory, 'out.txt'), 'utf8')).trimEnd().split('\n')
  expect(lines).toHaveLength(RECORDS * 2)
  const last = new Map<string, string>()
  const counts = new Map<string, number[]>()
  for (const line of lines) {
    const [key = '', rest = ''] = line.split(': ')
    counts.set(key, [...(counts.get(key) ?? []), Number(rest.split(' ')[0])])
    last.set(key, line)
  }
  for (const [key, wanted] of expected()) {
    expect(counts.get(key)).toEqual(wanted.map((_, index) => index + 1))
    expect(last.get(key)).toBe(wanted.at(-1))
  }
}

async function inDirectory(use: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'malstrom-crash-'))
  try {
    await use(directory)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

describe('a process that is killed', () => {
  it(`${KILLS} times at random instants leaves the output of one that never was`, { timeout: 30_000 + KILLS * 6_000 }, async () => {
    let kills = 0
    while (kills < KILLS) {
      await inDirectory(async (directory) => {
        // Long enough to have begun, most of the time; the job takes about as long again.
        for (let ended: Ended | undefined; ended?.killed !== false; ) {
          ended = await runProcess(directory, kills < KILLS ? 250 + Math.random() * 900 : undefined)
          if (ended.killed) kills++
        }
        await checkOutput(directory)
      })
    }
    expect(kills).toBeGreaterThanOrEqual(KILLS)
  })

  it.each(failpoints.filter((name) => !name.startsWith('rescale')))(
    'at %s, leaves the output of one that never was',
    { timeout: 60_000 },
    async (failpoint) => {
      await inDirectory(async (directory) => {
        const occurrence = failpoint.startsWith('snapshot') ? 3 : 1
        expect((await runProcess(directory, undefined, failpoint, occurrence)).killed).toBe(true)
        expect((await runProcess(directory, undefined)).killed).toBe(false)
        await checkOutput(directory)
      })
    },
  )
})
