import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineJob, toArray } from '@malstrom/operators'
import { memoryPersistence } from '@malstrom/persistence'
import { singleThread } from '@malstrom/runtime'
import { KafkaServer, whyNoKafka } from '@malstrom/services'
import { Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openKafka } from '../client/kafka-connection.ts'
import type { KafkaPort, TransactionLane } from '../client/kafka-port.ts'
import { json, string } from '../decode/value-decoders.ts'
import { CONTEXT, Collected, readTo } from '../fixture/memory-topics.ts'
import { spendingJob } from '../fixture/spending-job.ts'
import type { KafkaRecord } from '../record-batch/kafka-record.ts'
import { RecordBatchBuilder, type RecordBytes } from '../record-batch/record-batch-builder.ts'
import { kafkaSource } from './kafka-source.ts'

const missing = await whyNoKafka()
const PERFORMANCE_TOOL = 'org.apache.kafka.tools.ProducerPerformance'
const INT32_ZERO = Buffer.alloc(4)

describe.skipIf(missing !== undefined)(`kafkaSource and a real Kafka ${missing ?? ''}`, () => {
  let kafka: KafkaServer
  let port: KafkaPort
  let folder: string

  beforeAll(async () => {
    kafka = await KafkaServer.start({ settings: { 'log.cleaner.backoff.ms': '200' } })
    port = openKafka({ brokers: kafka.brokers })
    folder = await mkdtemp(join(tmpdir(), 'malstrom-kafka-source-'))
  }, 120_000)
  afterAll(async () => {
    await port?.close()
    await kafka?.[Symbol.asyncDispose]()
    if (folder !== undefined) await rm(folder, { recursive: true, force: true })
  })

  const batchOf = (...records: readonly { value: RecordBytes; key?: RecordBytes }[]) => {
    const builder = new RecordBatchBuilder({ bytesMax: 1_000_000 })
    for (const { key, value } of records) builder.append(key, value, Date.now())
    return builder.take()
  }
  /** A topic that takes writes: its leader may need a moment. */
  async function newTopic(topic: string, partitions = 1, config: Readonly<Record<string, string>> = {}): Promise<void> {
    await port.createTopic({ topic, partitions, replicas: 1, config })
    for (let partition = 0; partition < partitions; partition++) {
      await expect
        .poll(async () => (await port.produce(topic, partition, batchOf({ value: 'first' }))).outcome, { timeout: 20_000 })
        .toBe('ok')
    }
  }
  const place = ({ topic, partition, offset, valueText }: KafkaRecord) => `${topic}/${partition}@${offset} ${valueText}`

  /** Everything that is in a partition now. */
  async function readAll<V>(source: ReturnType<typeof kafkaSource<V>>, name: string, discovered = false): Promise<V[]> {
    const output = new Collected<V>()
    const partition = await source.openPartition(name, undefined, { ...CONTEXT, discovered })
    try {
      await readTo(partition, output)
      return output.values
    } finally {
      await partition.close()
    }
  }

  it('reads exactly what is committed, among transactions that overlap, abort, and have the key of a marker', async () => {
    const topic = 'transactions'
    await newTopic(topic)
    const lanes = [1, 2, 3].map((id) => port.lane(`writer-${id}`, 60_000)) as [TransactionLane, TransactionLane, TransactionLane]
    const [a, b, c] = lanes
    for (let round = 0; round < 5; round++) {
      for (const lane of lanes) await lane.fence()
      const write = async (lane: TransactionLane, value: string, key?: RecordBytes) =>
        expect(await lane.write(topic, 0, batchOf({ key, value: `${value} ${round}` }))).toEqual({ outcome: 'ok' })
      await write(a, 'a aborted', INT32_ZERO)
      await write(b, 'b aborted')
      await write(c, 'c committed')
      await write(a, 'a aborted, after the key of a marker')
      // By their ends, as the broker lists them, b comes before a; by their beginnings a comes first.
      expect(await b.end(false)).toEqual({ outcome: 'ok' })
      await write(a, 'a aborted, after the end of b')
      await write(c, 'c committed too', INT32_ZERO)
      expect(await a.end(false)).toEqual({ outcome: 'ok' })
      expect(await c.end(true)).toEqual({ outcome: 'ok' })
    }
    const expected = ['first', ...[0, 1, 2, 3, 4].flatMap((round) => [`c committed ${round}`, `c committed too ${round}`])]
    expect(await readAll(kafkaSource({ brokers: kafka.brokers, topic, decode: string(), stop: 'latest' }), `${topic}/0`)).toEqual(expected)
    expect((await kafka.consume(topic)).map(({ value }) => value)).toEqual(expected)
    const all = kafkaSource({ brokers: kafka.brokers, topic, decode: string(), stop: 'latest', isolation: 'uncommitted' })
    expect(await readAll(all, `${topic}/0`)).toHaveLength(1 + 5 * 6)
  })

  it('reads the batches of Kafka’s own producer, in every compression', async () => {
    const topic = 'compressed'
    await newTopic(topic, 2)
    const payloads = join(folder, 'payloads.txt')
    const lines = Array.from({ length: 50 }, (_, i) => JSON.stringify({ i, text: `größe ${'ab'.repeat(i * 7)}` }))
    await writeFile(payloads, lines.join('\n'))
    const compressions = ['gzip', 'snappy', 'lz4', 'zstd']
    const sent = compressions.map((compression) => {
      const properties = [`bootstrap.servers=${kafka.brokers[0]}`, `compression.type=${compression}`, 'linger.ms=20']
      const options = ['--topic', topic, '--num-records', '3000', '--throughput', '-1', '--payload-file', payloads]
      return kafka.runTool(PERFORMANCE_TOOL, [...options, '--producer-props', ...properties])
    })
    await Promise.all(sent)
    const source = kafkaSource({ brokers: kafka.brokers, topic, decode: place, stop: 'latest' })
    const read = [...(await readAll(source, `${topic}/0`)), ...(await readAll(source, `${topic}/1`))]
    const byKafka = await kafka.consume(topic)
    expect(read.sort()).toEqual(byKafka.map(({ partition, offset, value }) => `${topic}/${partition}@${offset} ${value}`).sort())
    expect(read).toHaveLength(4 * 3_000 + 2)
  })

  it('lists partitions that were added, and reads them', async () => {
    const topic = 'growing'
    await newTopic(topic, 1)
    const source = kafkaSource({ brokers: kafka.brokers, topic, decode: string(), start: 'latest', stop: 'latest' })
    expect(await source.listPartitions()).toEqual(['growing/0'])
    const admin = new Kafka({ brokers: [...kafka.brokers], logLevel: logLevel.NOTHING }).admin()
    await admin.connect()
    await admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] })
    await admin.disconnect()
    await expect.poll(() => source.listPartitions(), { timeout: 20_000 }).toEqual(['growing/0', 'growing/1', 'growing/2'])
    await expect.poll(async () => (await port.produce(topic, 2, batchOf({ value: 'new' }))).outcome, { timeout: 20_000 }).toBe('ok')
    expect(await readAll(source, 'growing/2', true)).toEqual(['new'])
    expect(await readAll(source, 'growing/0')).toEqual([])
  })

  it('goes on by itself when the broker was killed and is back, without a gap', async () => {
    const topic = 'restarted'
    await newTopic(topic)
    const write = async (from: number, count: number) => {
      const records = Array.from({ length: count }, (_, i) => ({ value: `${from + i}` }))
      await expect.poll(async () => (await port.produce(topic, 0, batchOf(...records))).outcome, { timeout: 30_000 }).toBe('ok')
    }
    await write(1, 500)
    const partition = await kafkaSource({ brokers: kafka.brokers, topic, decode: string() }).openPartition(`${topic}/0`, undefined, CONTEXT)
    const output = new Collected<string>()
    await readTo(partition, output, 300)
    await kafka.stop('SIGKILL')
    await readTo(partition, output, 501)
    const waiting = readTo(partition, output, 1_001)
    await kafka.restart()
    await write(501, 500)
    await waiting
    await partition.close()
    expect(output.values).toEqual(['first', ...Array.from({ length: 1_000 }, (_, i) => `${i + 1}`)])
  })

  it('says that a saved offset is gone, or goes on with the oldest that is left', async () => {
    const topic = 'retained'
    await newTopic(topic)
    for (let i = 0; i < 5; i++) await port.produce(topic, 0, batchOf({ value: `${i}` }))
    const admin = new Kafka({ brokers: [...kafka.brokers], logLevel: logLevel.NOTHING }).admin()
    await admin.connect()
    // Without this it does not know the leaders.
    await admin.fetchTopicOffsets(topic)
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '4' }] })
    await admin.disconnect()
    const read = async (onOffsetLost: 'fail' | 'earliest') => {
      const source = kafkaSource({ brokers: kafka.brokers, topic, decode: string(), onOffsetLost })
      const partition = await source.openPartition(`${topic}/0`, { offset: 2, end: 6 }, CONTEXT)
      const output = new Collected<string>()
      await readTo(partition, output).finally(() => partition.close())
      return output.values
    }
    await expect(read('fail')).rejects.toMatchObject({
      code: 'ERR_KAFKA_OFFSET_LOST',
      message: expect.stringContaining('retained/0 begins at 4: offset 2 is gone, deleted by retention.'),
    })
    expect(await read('earliest')).toEqual(['3', '4'])
  })

  it('skips what compaction removed', async () => {
    const topic = 'compacted'
    const config = { 'cleanup.policy': 'compact', 'segment.ms': '100', 'min.cleanable.dirty.ratio': '0.01', 'delete.retention.ms': '0' }
    await port.createTopic({ topic, partitions: 1, replicas: 1, config })
    const write = (value: string) =>
      expect.poll(async () => (await port.produce(topic, 0, batchOf({ key: 'k', value }))).outcome, { timeout: 20_000 }).toBe('ok')
    for (let i = 0; i < 20; i++) await write(`${i}`)
    const source = kafkaSource({ brokers: kafka.brokers, topic, decode: place, stop: 'latest' })
    // Old segments are cleaned now and then; the active one never is.
    await expect
      .poll(
        async () => {
          await write('last')
          return (await readAll(source, `${topic}/0`)).some((one) => one === `${topic}/0@0 0`)
        },
        { timeout: 60_000, interval: 500 },
      )
      .toBe(false)
    expect((await readAll(source, `${topic}/0`)).at(-1)).toContain('last')
  })

  it('runs as the source of a job, whose group shows how far it is', async () => {
    const topic = 'sums'
    await newTopic(topic, 3)
    for (let i = 0; i < 30; i++) await port.produce(topic, i % 3, batchOf({ key: `k${i}`, value: JSON.stringify({ amount: i }) }))
    const seen: number[] = []
    const job = defineJob({
      name: 'sum',
      module: import.meta.url,
      build(flow) {
        const decode = (record: KafkaRecord) => (record.valueText === 'first' ? { amount: 0 } : json<{ amount: number }>()(record))
        flow
          .source('orders', kafkaSource({ brokers: kafka.brokers, topic, decode, stop: 'latest', group: 'sum' }))
          .map('amount', ({ amount }) => amount)
          .sink('seen', toArray(seen))
      },
    })
    await singleThread({ persistence: memoryPersistence() }).run(job)
    expect(seen.sort((a, b) => a - b)).toEqual([0, 0, 0, ...Array.from({ length: 30 }, (_, i) => i)])
    expect(await port.groupOffsets('sum', topic)).toEqual(new Map([0, 1, 2].map((partition) => [partition, 11])))
  })

  it('feeds the job that the README shows', async () => {
    await port.createTopic({ topic: 'orders', partitions: 1, replicas: 1 })
    const order = (customer: string, amount: number) => ({ value: JSON.stringify({ customer, amount }) })
    const write = async () => (await port.produce('orders', 0, batchOf(order('ann', 1), order('bob', 10), order('ann', 2)))).outcome
    await expect.poll(write, { timeout: 20_000 }).toBe('ok')
    const spending = join(folder, 'spending.ndjson')
    const execution = await singleThread().start(spendingJob, { brokers: kafka.brokers[0] as string, spending })
    const lines = () => readFile(spending, 'utf8').catch(() => '')
    const expected = '{"customer":"ann","spent":1}\n{"customer":"bob","spent":10}\n{"customer":"ann","spent":3}\n'
    await expect.poll(lines, { timeout: 30_000 }).toBe(expected)
    await execution[Symbol.asyncDispose]()
  })
})
