import { kafkaSink, kafkaSource, string } from '@malstrom/connector-kafka'
import type { KafkaServer } from '@malstrom/services'
import type { Consumer, Kafka } from 'kafkajs'
import { defineJob, singleThread } from 'malstrom'
import { type Figure, figureOf } from '../figure.ts'

const RECORDS_PER_SECOND = 1_000
const VALUE_BYTES = 256
const WARMUP_RECORDS = 2_000
/** What one pair of percentiles is made of: one second. */
const BLOCK_RECORDS = 1_000
const BLOCKS = 8
const RECORDS = WARMUP_RECORDS + BLOCKS * BLOCK_RECORDS
const RUN_MS_MAX = 40_000
const [INPUT, OUTPUT] = ['latency-in', 'latency-out']

const job = defineJob({
  name: 'kafka-latency',
  module: import.meta.url,
  build(flow, { brokers }: { brokers: readonly string[] }) {
    flow
      .source('in', kafkaSource({ brokers, topic: INPUT, decode: string() }))
      .map('changed', (value) => `${value.slice(0, -1)}y`)
      .sink('out', kafkaSink({ brokers, topic: OUTPUT, encode: (value) => value }))
  },
})

/**
 * From the moment at which a record was due to be sent to that at which a consumer of kafkajs has it: straight from the first
 * topic (bare), and over the job and a second topic (end to end). The difference, record by record, is the latency of the job:
 * fetching, mapping, writing, and being fetched again. Producer and consumers are in the process of the job and count too.
 */
export async function measureLatency(name: string, kafka: KafkaServer, client: Kafka): Promise<Figure[]> {
  await kafka.createTopic(INPUT)
  await kafka.createTopic(OUTPUT)
  const execution = await singleThread().start(job, { brokers: kafka.brokers })
  execution.finished.catch(() => {}) // Disposing of it tells.
  const start = performance.now() + 2_000
  const dueAt = (index: number) => start + (index * 1_000) / RECORDS_PER_SECOND
  const [direct, whole] = [new Arrivals(dueAt), new Arrivals(dueAt)]
  const consumers = await Promise.all([listen(client, INPUT, direct), listen(client, OUTPUT, whole)])
  try {
    await produce(client, dueAt)
    await within(Promise.all([direct.complete, whole.complete]))
  } finally {
    await Promise.all(consumers.map((consumer) => consumer.disconnect()))
    await execution[Symbol.asyncDispose]()
  }
  const figure = (metric: string, samples: readonly number[]) => figureOf(name, metric, 'ms', samples)
  const added = whole.latenciesMs.map((latencyMs, index) => latencyMs - (direct.latenciesMs[index] as number))
  return [
    figure('latency_p50_ms', percentiles(added, 0.5)),
    figure('latency_p99_ms', percentiles(added, 0.99)),
    figure('end_to_end_latency_p50_ms', percentiles(whole.latenciesMs, 0.5)),
    figure('end_to_end_latency_p99_ms', percentiles(whole.latenciesMs, 0.99)),
    figure('bare_latency_p50_ms', percentiles(direct.latenciesMs, 0.5)),
    figure('bare_latency_p99_ms', percentiles(direct.latenciesMs, 0.99)),
  ]
}

/** One for each block. */
function percentiles(latenciesMs: Float64Array, share: number): number[] {
  return Array.from({ length: BLOCKS }, (_, block) => {
    const from = WARMUP_RECORDS + block * BLOCK_RECORDS
    return latenciesMs.slice(from, from + BLOCK_RECORDS).sort()[Math.ceil(share * BLOCK_RECORDS) - 1] as number
  })
}

/** How late each record came, by its number. */
class Arrivals {
  readonly complete: Promise<void>
  readonly latenciesMs = new Float64Array(RECORDS).fill(Number.NaN)
  readonly #dueAt: (index: number) => number
  #count = 0
  #resolve: () => void = () => {}

  constructor(dueAt: (index: number) => number) {
    this.#dueAt = dueAt
    this.complete = new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  arrived(index: number): void {
    if (!Number.isNaN(this.latenciesMs[index])) return
    this.latenciesMs[index] = performance.now() - this.#dueAt(index)
    if (++this.#count === RECORDS) this.#resolve()
  }
}

async function listen(client: Kafka, topic: string, arrivals: Arrivals): Promise<Consumer> {
  const consumer = client.consumer({ groupId: topic, maxWaitTimeInMs: 500 })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    async eachBatch({ batch }) {
      for (const { value } of batch.messages) arrivals.arrived(Number.parseInt(value?.toString() ?? '', 10))
    },
  })
  return consumer
}

/** Sends what is due, every millisecond. */
async function produce(client: Kafka, dueAt: (index: number) => number): Promise<void> {
  const producer = client.producer()
  await producer.connect()
  const sends: Promise<unknown>[] = []
  for (let next = 0; next < RECORDS; ) {
    const messages: { value: string }[] = []
    for (; next < RECORDS && dueAt(next) <= performance.now(); next++) messages.push({ value: `${next} `.padEnd(VALUE_BYTES, 'x') })
    if (messages.length > 0) sends.push(producer.send({ topic: INPUT, messages }))
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  await Promise.all(sends)
  await producer.disconnect()
}

async function within(all: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Not every record arrived within ${RUN_MS_MAX} ms.`)), RUN_MS_MAX)
  })
  await Promise.race([all, late]).finally(() => clearTimeout(timer))
}
