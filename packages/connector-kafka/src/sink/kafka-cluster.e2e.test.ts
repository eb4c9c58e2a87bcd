import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineJob, toArray } from '@malstrom/operators'
import { singleThread } from '@malstrom/runtime'
import { KafkaServer, whyNoKafka } from '@malstrom/services'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openKafka } from '../client/kafka-connection.ts'
import type { KafkaPort } from '../client/kafka-port.ts'
import { string } from '../decode/value-decoders.ts'
import { LedgerProcess, ledgerProblem } from '../fixture/ledger-process.ts'
import { kafkaSource } from '../source/kafka-source.ts'

/** Brokers that are killed, one after the other; `KILLS=20` for a lunch break. */
const KILLS = Number(process.env.KILLS ?? 2)
const PARTITIONS = [0, 1]
/** Records that must come before and after something is done to a broker. */
const STRETCH = 500

/** Three brokers and their elections take a minute on two cores, so who wants it asks for it. */
async function whyNoCluster(): Promise<string | undefined> {
  if (process.env.KAFKA_CLUSTER !== undefined) return await whyNoKafka()
  const reason = 'KAFKA_CLUSTER is not set; three brokers take a minute and 1.5 GB of memory'
  process.stderr.write(`Tests against a cluster of Kafka are skipped: ${reason}.\n`)
  return reason
}

const missing = await whyNoCluster()

describe.skipIf(missing !== undefined)(`three brokers of a real Kafka ${missing ?? ''}`, () => {
  let kafka: KafkaServer
  let port: KafkaPort
  let directory: string

  beforeAll(async () => {
    kafka = await KafkaServer.start({ brokers: 3 })
    port = openKafka({ brokers: kafka.brokers, requestTimeoutMs: 5_000 })
    directory = await mkdtemp(join(tmpdir(), 'malstrom-kafka-cluster-'))
  }, 180_000)
  afterAll(async () => {
    await port?.close()
    await kafka?.[Symbol.asyncDispose]()
    if (directory !== undefined) await rm(directory, { recursive: true, force: true })
  })

  async function end(topic: string): Promise<number> {
    return [...(await port.offsets(topic, PARTITIONS, 'stable')).values()].reduce((a, b) => a + b)
  }
  /** A sum that cannot be had while brokers change is asked for again. */
  async function progress(topic: string, job: LedgerProcess): Promise<void> {
    let from: number | undefined
    const grown = async () => {
      const now = await end(topic).catch(() => undefined)
      from ??= now
      return (now ?? 0) - (from ?? 0)
    }
    await expect.poll(grown, { timeout: 90_000, interval: 100, message: job.printed }).toBeGreaterThan(STRETCH)
  }

  it('a job that writes exactly once, and one that reads, go on when leaders are killed', {
    timeout: 180_000 + KILLS * 60_000,
  }, async () => {
    const topic = 'ledger'
    await kafka.createTopic(topic, PARTITIONS.length)
    const settings = { brokers: kafka.brokers, topic, directory: join(directory, topic), eager: true, finish: false }
    const values: string[] = []
    const reading = defineJob({
      name: 'reading',
      module: import.meta.url,
      build: (flow) => flow.source('ledger', kafkaSource({ brokers: kafka.brokers, topic, decode: string() })).sink('out', toArray(values)),
    })
    await using _reader = await singleThread().start(reading)
    {
      await using job = new LedgerProcess(settings)
      await job.said(/opened odd/)
      for (let kill = 0; kill < KILLS; kill++) {
        await progress(topic, job)
        const leader = (await port.partitions(topic))[kill % PARTITIONS.length]?.leader ?? -1
        await kafka.stopBroker(leader, 'SIGKILL')
        await progress(topic, job)
        await kafka.restartBroker(leader)
      }
      await progress(topic, job)
      job.kill('SIGKILL')
      await job.ended()
    }
    await using last = new LedgerProcess({ ...settings, finish: true })
    expect(await last.ended(), last.printed).toBe(0)
    const ends = [...last.printed.matchAll(/finished (\w+) at (\d+)/g)].map(([, name, at]) => [name, Number(at)])
    const written = (await kafka.consume(topic)).map(({ value }) => value)
    expect(ledgerProblem(written, Object.fromEntries(ends))).toBeUndefined()
    await expect.poll(() => values.length, { timeout: 30_000 }).toBe(written.length)
    expect(values.toSorted()).toEqual(written.toSorted())
  })
})
