import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { KafkaServer, whyNoKafka } from '@malstrom/services'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { failpoints } from '../fixture/failing-port.ts'
import type { LedgerSettings } from '../fixture/ledger-job.ts'
import { LedgerProcess, ledgerProblem } from '../fixture/ledger-process.ts'

/** Kills at random instants; `KILLS=100` for a lunch break. */
const KILLS = Number(process.env.KILLS ?? 2)
const LIFE_MS_MAX = 600

const missing = await whyNoKafka()

describe.skipIf(missing !== undefined)(`the exactly-once sink and a real Kafka ${missing ?? ''}`, () => {
  let kafka: KafkaServer
  let directory: string
  let topicCount = 0

  beforeAll(async () => {
    kafka = await KafkaServer.start()
    directory = await mkdtemp(join(tmpdir(), 'malstrom-ledger-'))
  }, 120_000)

  afterAll(async () => {
    await kafka?.[Symbol.asyncDispose]()
    if (directory !== undefined) await rm(directory, { recursive: true, force: true })
  })

  async function newLedger(): Promise<LedgerSettings> {
    const topic = `ledger-${++topicCount}`
    await kafka.createTopic(topic, 2)
    return { brokers: kafka.brokers, topic, directory: join(directory, topic), eager: false, finish: false }
  }

  /** Runs the job to an end, and reads everything with Kafka's own consumer. */
  async function finish(settings: LedgerSettings): Promise<void> {
    await using job = new LedgerProcess({ ...settings, finish: true })
    expect(await job.ended(), job.printed).toBe(0)
    const ends = [...job.printed.matchAll(/finished (\w+) at (\d+)/g)].map(([, name, end]) => [name, Number(end)])
    const read = await kafka.consume(settings.topic)
    expect(
      ledgerProblem(
        read.map(({ value }) => value),
        Object.fromEntries(ends),
      ),
    ).toBeUndefined()
  }

  /** Lives from the start of its work for a while that differs. */
  async function live(job: LedgerProcess): Promise<void> {
    await job.said(/opened odd/)
    await sleep(Math.random() * LIFE_MS_MAX)
  }

  it('killed at each request of a commit and of a recovery, eager or not', { timeout: 120_000 }, async () => {
    const settings = await newLedger()
    for (const [index, failpoint] of failpoints.entries()) {
      // A recovery is the same either way, so the one may follow the other.
      const eager = index % 2 === 0
      await using job = new LedgerProcess({ ...settings, eager, failpoint, occurrence: failpoint === 'marker' ? 2 : 5 + index })
      expect(await job.ended(), job.printed).toBe('SIGKILL')
    }
    await finish(settings)
  })

  it('killed at random instants, and once asleep while a successor works', { timeout: 120_000 + 10_000 * KILLS }, async () => {
    const settings = await newLedger()
    for (let kill = 0; kill < KILLS; kill++) {
      await using job = new LedgerProcess({ ...settings, eager: kill % 2 === 0 })
      await live(job)
      job.kill('SIGKILL')
      expect(await job.ended(), job.printed).toBe('SIGKILL')
    }
    await using zombie = new LedgerProcess({ ...settings, eager: true })
    await live(zombie)
    zombie.kill('SIGSTOP')
    await using successor = new LedgerProcess(settings)
    await live(successor)
    zombie.kill('SIGCONT')
    // It wakes up fenced. Should it fail at something else first, it starts again and is itself the successor: one of the two gives up.
    const loser = await Promise.race([zombie, successor].map(async (job) => ({ job, code: await job.ended() })))
    expect(loser.code, loser.job.printed).toBe(1)
    expect(loser.job.printed).toMatch(/ERR_FENCED|ERR_STORE_CONFLICT/)
    for (const job of [zombie, successor]) job.kill('SIGKILL')
    await Promise.all([zombie.ended(), successor.ended()])
    await finish(settings)
  })
})
