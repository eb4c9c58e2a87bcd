import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { kafkaSink, kafkaSource, string } from '@malstrom/connector-kafka'
import { diskPersistence } from '@malstrom/persistence'
import { KafkaServer } from '@malstrom/services'
import { Kafka, logLevel, type Message, type Producer } from 'kafkajs'
import { defineJob, singleThread } from 'malstrom'
import { type Figure, figureOf } from '../figure.ts'
import { ratios } from '../statistics.ts'
import { measureLatency } from './kafka-latency.ts'

const NAME = 'kafka'
const RECORDS = 200_000
const RECORDS_PER_SEND = 2_000
const VALUE_BYTES = 256
const WARMUP_ROUNDS = 1
const ROUNDS = 5
const SNAPSHOT_INTERVAL_MS = 500
const RUN_MS_MAX = 30_000

type Delivery = 'at-least-once' | 'exactly-once'

interface Run {
  readonly brokers: readonly string[]
  readonly output: string
  readonly delivery: Delivery
}

const job = defineJob({
  name: 'kafka-bench',
  module: import.meta.url,
  build(flow, { brokers, output, delivery }: Run) {
    flow
      .source('in', kafkaSource({ brokers, topic: 'in', decode: string(), stop: 'latest' }))
      .map('changed', changed)
      .sink('out', kafkaSink({ brokers, topic: output, delivery, encode: (value) => value, commitTopic: `${output}-commits` }))
  },
})

/**
 * From one topic to another, one partition each, with one worker and a real broker on the same machine: a whole job from its
 * start to its end, and in turn the loop that one would write with kafkajs. Every run has an output topic of its own, so that a
 * run does not read or compact what another left. Then how long a record takes at 1,000 records per second.
 */
export async function runKafka(): Promise<Figure[]> {
  await using kafka = await KafkaServer.start()
  const client = new Kafka({ brokers: [...kafka.brokers], logLevel: logLevel.NOTHING })
  await kafka.createTopic('in')
  await fill(client)
  const seconds: Record<Delivery | 'bare', number[]> = { bare: [], 'at-least-once': [], 'exactly-once': [] }
  for (let round = -WARMUP_ROUNDS; round < ROUNDS; round++) {
    for (const [name, samples] of Object.entries(seconds)) {
      const output = `out-${name}-${round + WARMUP_ROUNDS}`
      await kafka.createTopic(output)
      const run = { brokers: kafka.brokers, output, delivery: name as Delivery }
      const elapsedMs = name === 'bare' ? await runBare(client, output) : await runJob(run)
      await check(client, output)
      if (round >= 0) samples.push(elapsedMs / 1_000)
    }
  }
  const rate = (samples: readonly number[]) => samples.map((elapsed) => RECORDS / elapsed)
  const figure = (metric: string, unit: string, samples: readonly number[]) => figureOf(NAME, metric, unit, samples)
  return [
    figure('records_per_second', '1/s', rate(seconds['at-least-once'])),
    figure('exactly_once_records_per_second', '1/s', rate(seconds['exactly-once'])),
    figure('bare_client_records_per_second', '1/s', rate(seconds.bare)),
    figure('ratio_to_bare_client', 'ratio', ratios(seconds.bare, seconds['at-least-once'])),
    figure('exactly_once_ratio_to_bare_client', 'ratio', ratios(seconds.bare, seconds['exactly-once'])),
    ...(await measureLatency(NAME, kafka, client)),
  ]
}

async function fill(client: Kafka): Promise<void> {
  const producer = client.producer()
  await producer.connect()
  for (let sent = 0; sent < RECORDS; sent += RECORDS_PER_SEND) {
    const messages = Array.from({ length: RECORDS_PER_SEND }, (_, i) => ({ value: `${sent + i} `.padEnd(VALUE_BYTES, 'x') }))
    await producer.send({ topic: 'in', messages })
  }
  await producer.disconnect()
}

function changed(value: string): string {
  return `${value.slice(0, -1)}y`
}

async function runJob(run: Run): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-kafka-'))
  try {
    const start = performance.now()
    await singleThread({ persistence: diskPersistence(folder), snapshotIntervalMs: SNAPSHOT_INTERVAL_MS }).run(job, run)
    return performance.now() - start
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Reads a batch, and writes the one before meanwhile; from the first batch to the last answer, without its start. */
async function runBare(client: Kafka, output: string): Promise<number> {
  const producer = client.producer()
  const consumer = client.consumer({ groupId: output, maxWaitTimeInMs: 100, maxBytesPerPartition: 2 * 1024 * 1024 })
  await Promise.all([producer.connect(), consumer.connect()])
  await consumer.subscribe({ topic: 'in', fromBeginning: true })
  let start: number | undefined
  let count = 0
  let writing: Promise<unknown> = Promise.resolve()
  let timer: NodeJS.Timeout | undefined
  try {
    return await new Promise<number>((resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`The loop over kafkajs took more than ${RUN_MS_MAX} ms.`)), RUN_MS_MAX)
      consumer
        .run({
          autoCommit: false,
          eachBatchAutoResolve: false,
          async eachBatch({ batch, resolveOffset }) {
            // It may give a batch again while it is being stopped.
            if (count >= RECORDS) return
            start ??= performance.now()
            const messages = batch.messages.map(({ value }) => ({ value: changed(value?.toString() ?? '') }))
            await writing
            writing = send(producer, output, messages)
            resolveOffset(batch.lastOffset())
            count += messages.length
            if (count < RECORDS) return
            await writing
            resolve(performance.now() - start)
          },
        })
        .catch(reject)
    })
  } finally {
    clearTimeout(timer)
    await Promise.all([consumer.disconnect(), producer.disconnect()])
  }
}

/** kafkajs makes one batch of what it is given, and a topic takes batches of up to 1 MB. */
async function send(producer: Producer, topic: string, messages: readonly Message[]): Promise<void> {
  for (let at = 0; at < messages.length; at += RECORDS_PER_SEND) {
    await producer.send({ topic, messages: messages.slice(at, at + RECORDS_PER_SEND) })
  }
}

/** A transaction adds markers to a topic, which have offsets as well. */
async function check(client: Kafka, output: string): Promise<void> {
  const admin = client.admin()
  await admin.connect()
  const [partition] = await admin.fetchTopicOffsets(output)
  await admin.disconnect()
  const count = Number(partition?.high)
  if (count < RECORDS || count > RECORDS * 1.01) throw new Error(`${output} ends at ${count}, and ${RECORDS} records were to be written.`)
}
