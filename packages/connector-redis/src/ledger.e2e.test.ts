import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import type { LedgerLine } from './fixture/ledger-job.ts'
import { type RealRedis, withRedis } from './fixture/real-redis.ts'

const JOB = fileURLToPath(new URL('./fixture/ledger-job.ts', import.meta.url))
/** Kills at random instants, in each mode; `SIGKILLS=100` for a long run. */
const KILLS = Number(process.env.SIGKILLS ?? 2)
const STEPS = ['opened', 'flushed', 'before commit', 'during commit', 'after commit']
const PATIENCE_MS = 60_000
const RECORDS_PER_START = 300

/** Numbers that come while the job runs, so that it is never done before it is killed. */
class Producer {
  written = 0
  readonly #redis: RealRedis

  constructor(redis: RealRedis) {
    this.#redis = redis
  }

  async write(count: number): Promise<void> {
    const pipeline = this.#redis.client.pipeline()
    for (let i = 0; i < count; i++) pipeline.xadd('in', '*', 'value', this.written++)
    for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error
  }
}

/** Runs the job's process until it dies; kills it when `enough` says so, at the latest after a minute. */
async function runProcess(args: readonly string[], enough: () => Promise<boolean>): Promise<void> {
  const child = spawn(process.execPath, ['--conditions=@malstrom/source', '--import', 'tsx', JOB, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let stderr = ''
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  const ended = new Promise<NodeJS.Signals | null>((resolve) => child.once('exit', (_code, signal) => resolve(signal)))
  const deadline = Date.now() + PATIENCE_MS
  while (child.exitCode === null && child.signalCode === null) {
    if ((await enough()) || Date.now() > deadline) child.kill('SIGKILL')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  expect(await ended, stderr).toBe('SIGKILL')
  expect(Date.now(), `the job's process did not get on: ${stderr}`).toBeLessThan(deadline)
}

/** Every number was counted once, and every count was written once, in order. */
async function checkLedger({ client }: RealRedis, records: number): Promise<void> {
  const lines = (await client.xrange('out', '-', '+')).map(([, fields]) => JSON.parse(fields[1] as string) as LedgerLine)
  const byKey = new Map<string, LedgerLine[]>()
  for (const line of lines) byKey.set(line.key, [...(byKey.get(line.key) ?? []), line])
  for (const [key, found] of byKey)
    expect(
      found.map(({ count }) => count),
      key,
    ).toEqual(found.map((_, i) => i + 1))
  expect(lines.map(({ last }) => last).sort((a, b) => a - b)).toEqual(Array.from({ length: records }, (_, i) => i))
  expect(lines).toHaveLength(records)
}

withRedis('a job between two streams whose process is killed', { durable: false }, (redis) => {
  const kill = async (mode: string, steps: readonly string[], kills: number) => {
    const directory = mkdtempSync(join(tmpdir(), 'malstrom-ledger-'))
    try {
      const { client, url } = redis()
      await client.flushall()
      const producer = new Producer(redis())
      for (let i = 0; i < kills; i++) {
        await producer.write(RECORDS_PER_START)
        const step = steps[i % steps.length] ?? ''
        const before = await client.xlen('out')
        // At random: when so much of the output is there. Long before all of it is.
        const least = before + 1 + Math.floor(Math.random() * RECORDS_PER_START * 2)
        const enough = async () => {
          if (producer.written < least + RECORDS_PER_START) await producer.write(20)
          return step === '' && (await client.xlen('out')) >= least
        }
        // A process opens its stream once.
        const occurrence = step === 'opened' ? 1 : 1 + Math.floor(Math.random() * 4)
        await runProcess([url, directory, mode, step, String(occurrence)], enough)
      }
      let settledAt = 0
      await runProcess([url, directory, mode], async () => {
        if (settledAt === 0 && (await client.xlen('out')) >= producer.written) settledAt = Date.now()
        // A little longer, for what must not come.
        return settledAt > 0 && Date.now() > settledAt + 300
      })
      await checkLedger(redis(), producer.written)
      const leftovers = (await client.keys('{out}:malstrom:*')).filter((key) => /:staged:/.test(key))
      expect(leftovers.length, 'what is staged and not committed').toBeLessThanOrEqual(1)
      if (mode === 'group') expect(Number((await client.xpending('in', 'ledger'))[0])).toBeLessThan(producer.written)
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  }
  const timeout = 120_000 + KILLS * 10_000

  it(`${KILLS} times at random instants leaves every count once`, { timeout }, () => kill('alone', [''], KILLS))

  it(`${KILLS} times at random instants, reading in a group, leaves every count once`, { timeout }, () => kill('group', [''], KILLS))

  it('at every step of the sink leaves every count once', { timeout }, () => kill('group', STEPS, STEPS.length))
})
