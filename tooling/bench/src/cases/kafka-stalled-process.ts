import { setTimeout as sleep } from 'node:timers/promises'
import { kafkaSink } from '@malstrom/connector-kafka'
import { KafkaServer } from '@malstrom/services'
import { Kafka, logLevel } from 'kafkajs'
import { defineJob, fromIterable, singleThread } from 'malstrom'
import type { KafkaStalledRun } from './kafka-stalled.ts'

// Started by kafka-stalled.ts: one run, prints how the resident memory of this process grew.

const RECORDS = 10_000_000
const WARM_AT = 1_000_000
const STALL_AT = 2_000_000
const STALL_MS = 8_000
/** What is still under way may be read before the sink is full. */
const SETTLE_MS = 1_000
const SAMPLE_MS = 20
const TOPIC = 'events'

let read = 0

function* events(): Generator<number> {
  while (read < RECORDS) yield read++
}

const job = defineJob({
  name: 'kafka-stalled',
  module: import.meta.url,
  build(flow, { brokers }: { brokers: readonly string[] }) {
    flow.source('events', fromIterable(events())).sink('out', kafkaSink({ brokers, topic: TOPIC, encode: (n) => `event ${n}` }))
  },
})

async function reached(count: number): Promise<number> {
  while (read < count) await sleep(SAMPLE_MS)
  return process.memoryUsage.rss()
}

async function stall(kafka: KafkaServer): Promise<Pick<KafkaStalledRun, 'readWhileStalled' | 'stallGrowthMb'>> {
  await reached(STALL_AT)
  kafka.pause()
  try {
    await sleep(SETTLE_MS)
    const [readBefore, before] = [read, process.memoryUsage.rss()]
    await sleep(STALL_MS - SETTLE_MS)
    return { readWhileStalled: read - readBefore, stallGrowthMb: (process.memoryUsage.rss() - before) / 2 ** 20 }
  } finally {
    kafka.resume()
  }
}

async function written(brokers: readonly string[]): Promise<number> {
  const admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  const [partition] = await admin.fetchTopicOffsets(TOPIC)
  await admin.disconnect()
  return Number(partition?.high)
}

async function run(): Promise<KafkaStalledRun> {
  await using kafka = await KafkaServer.start()
  await kafka.createTopic(TOPIC)
  let peak = 0
  const sampler = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss())
  }, SAMPLE_MS)
  const running = singleThread().run(job, { brokers: kafka.brokers })
  const [warm, stalled] = await Promise.all([reached(WARM_AT), stall(kafka), running])
  clearInterval(sampler)
  const count = await written(kafka.brokers)
  if (count < RECORDS) throw new Error(`The topic has ${count} records, and ${RECORDS} were to be written.`)
  return { ...stalled, runGrowthMb: (peak - warm) / 2 ** 20 }
}

console.log(JSON.stringify(await run()))
