import { kafkaSource, string } from '@malstrom/connector-kafka'
import { KafkaServer } from '@malstrom/services'
import { Kafka, logLevel } from 'kafkajs'
import { defineJob, forEach, singleThread } from 'malstrom'
import { type Figure, figureOf } from '../figure.ts'
import { ratios } from '../statistics.ts'

const TOPIC = 'numbers'
const RECORDS = 200_000
const RECORDS_PER_SEND = 2_000
const VALUE_BYTES = 256
const WARMUP_ROUNDS = 1
const ROUNDS = 5

/**
 * Records of 256 bytes per second out of one partition of a real broker into text: a whole job, from its start to its
 * end, and a bare consumer of kafkajs from its first batch to its last, in turn. CPU is that of this process.
 */
export async function runKafkaRead(): Promise<Figure[]> {
  await using kafka = await KafkaServer.start()
  const client = new Kafka({ brokers: [...kafka.brokers], logLevel: logLevel.NOTHING })
  await kafka.createTopic(TOPIC)
  await fill(client)
  const ours: Run[] = []
  const bare: Run[] = []
  for (let round = -WARMUP_ROUNDS; round < ROUNDS; round++) {
    const runs = [await runJob(kafka.brokers), await runConsumer(client, round)] as const
    if (round < 0) continue
    ours.push(runs[0])
    bare.push(runs[1])
  }
  const perSecond = (runs: readonly Run[], what: keyof Run) => runs.map((run) => RECORDS / (run[what] / 1_000))
  const ratio = (what: keyof Run) =>
    ratios(
      bare.map((run) => run[what]),
      ours.map((run) => run[what]),
    )
  return [
    figureOf('kafka-read', 'records_per_second', '1/s', perSecond(ours, 'elapsedMs')),
    figureOf('kafka-read', 'records_per_cpu_second', '1/s', perSecond(ours, 'cpuMs')),
    figureOf('kafka-read', 'bare_client_records_per_second', '1/s', perSecond(bare, 'elapsedMs')),
    figureOf('kafka-read', 'ratio_to_bare_client', 'ratio', ratio('elapsedMs')),
    figureOf('kafka-read', 'cpu_ratio_to_bare_client', 'ratio', ratio('cpuMs')),
  ]
}

interface Run {
  readonly elapsedMs: number
  readonly cpuMs: number
}

async function fill(client: Kafka): Promise<void> {
  const producer = client.producer()
  await producer.connect()
  for (let sent = 0; sent < RECORDS; sent += RECORDS_PER_SEND) {
    const messages = Array.from({ length: RECORDS_PER_SEND }, (_, i) => ({
      key: `${sent + i}`,
      value: `${sent + i}`.padEnd(VALUE_BYTES, '.'),
    }))
    await producer.send({ topic: TOPIC, messages })
  }
  await producer.disconnect()
}

async function runJob(brokers: readonly string[]): Promise<Run> {
  let characters = 0
  const stop = startClock()
  const job = defineJob({
    name: 'read',
    module: import.meta.url,
    build(flow) {
      const source = kafkaSource({ brokers, topic: TOPIC, decode: string(), stop: 'latest' })
      flow.source('numbers', source).sink(
        'count',
        forEach((value) => {
          characters += value.length
        }),
      )
    },
  })
  await singleThread().run(job)
  return check(characters, stop())
}

async function runConsumer(client: Kafka, round: number): Promise<Run> {
  const consumer = client.consumer({ groupId: `bench-${round}`, maxWaitTimeInMs: 100, maxBytesPerPartition: 2 * 1024 * 1024 })
  await consumer.connect()
  await consumer.subscribe({ topic: TOPIC, fromBeginning: true })
  let characters = 0
  let stop: (() => Run) | undefined
  const run = await new Promise<Run>((resolve, reject) => {
    consumer
      .run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        async eachBatch({ batch, resolveOffset }) {
          // It may give a batch again while it is being stopped.
          if (characters >= RECORDS * VALUE_BYTES) return
          stop ??= startClock()
          for (const { value } of batch.messages) characters += value?.toString().length ?? 0
          resolveOffset(batch.lastOffset())
          if (characters >= RECORDS * VALUE_BYTES) resolve(stop())
        },
      })
      .catch(reject)
  })
  await consumer.disconnect()
  return check(characters, run)
}

function check(characters: number, run: Run): Run {
  if (characters !== RECORDS * VALUE_BYTES) throw new Error(`${characters} characters were read, right is ${RECORDS * VALUE_BYTES}.`)
  return run
}

function startClock(): () => Run {
  const cpu = process.cpuUsage()
  const start = performance.now()
  return () => {
    const { user, system } = process.cpuUsage(cpu)
    return { elapsedMs: performance.now() - start, cpuMs: (user + system) / 1_000 }
  }
}
