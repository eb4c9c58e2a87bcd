import { KafkaServer, whyNoKafka } from '@malstrom/services'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { FetchedRecords } from '../record-batch/fetched-records.ts'
import { RecordBatchBuilder } from '../record-batch/record-batch-builder.ts'
import { openKafka } from './kafka-connection.ts'
import type { KafkaPort, TransactionLane, UnsealedBatch } from './kafka-port.ts'

const missing = await whyNoKafka()

describe.skipIf(missing !== undefined)(`the port over kafkajs and a real Kafka ${missing ?? ''}`, () => {
  let kafka: KafkaServer
  let port: KafkaPort
  let topicCount = 0

  beforeAll(async () => {
    // Records of 1970 are to stay.
    kafka = await KafkaServer.start({ settings: { 'log.retention.ms': '-1' } })
  }, 120_000)
  afterAll(() => kafka?.[Symbol.asyncDispose]())
  afterEach(() => port.close())

  async function newTopic(partitions = 1): Promise<string> {
    port = openKafka({ brokers: kafka.brokers })
    const topic = `topic-${++topicCount}`
    expect(await port.createTopic({ topic, partitions, replicas: 1 })).toBe('created')
    for (let partition = 0; partition < partitions; partition++) {
      // A broker that was made the leader of a new partition may not know it yet.
      await expect.poll(() => fetchError(topic, partition), { timeout: 20_000 }).toBe(undefined)
    }
    return topic
  }

  async function fetchError(topic: string, partition: number): Promise<string | undefined> {
    const { leader = -1 } = (await port.partitions(topic))[partition] ?? {}
    const wanted = [{ topic, partition, offset: 0, maxBytes: 1_000 }]
    const [fetched] = await port.fetch(leader, wanted, { maxWaitMs: 1, maxBytes: 1_000, isolation: 'committed' })
    return fetched?.error
  }

  async function valuesOf(topic: string, isolation: 'committed' | 'uncommitted' = 'committed'): Promise<string[]> {
    const [leader] = await port.partitions(topic)
    const end = (await port.offsets(topic, [0], isolation === 'committed' ? 'stable' : 'latest')).get(0) ?? 0
    const values: string[] = []
    let offset = 0
    while (offset < end) {
      const wanted = [{ topic, partition: 0, offset, maxBytes: 1_000_000 }]
      const [fetched] = await port.fetch(leader?.leader ?? -1, wanted, { maxWaitMs: 1_000, maxBytes: 1_000_000, isolation })
      if (fetched === undefined || fetched.error !== undefined) throw new Error(`the broker answers ${fetched?.error}`)
      const records = new FetchedRecords(fetched, offset)
      while (records.next()) values.push(records.record().valueText ?? '')
      offset = records.end
    }
    return values
  }

  it('answers about topics, offsets and groups', async () => {
    const topic = await newTopic(2)
    expect(await port.createTopic({ topic, partitions: 2, replicas: 1 })).toBe('exists')
    expect(await port.partitions(topic)).toEqual([
      { partition: 0, leader: 1 },
      { partition: 1, leader: 1 },
    ])
    await expect(port.partitions('none')).rejects.toThrow('there is no topic "none". Create the topic, or check its name.')
    for (let i = 0; i < 3; i++) {
      expect(await port.produce(topic, 1, batchOf([`v${i}`], 1_000 * i))).toEqual({ outcome: 'ok' })
    }
    const both = [0, 1]
    expect(await port.offsets(topic, both, 'earliest')).toEqual(
      new Map([
        [0, 0],
        [1, 0],
      ]),
    )
    expect(await port.offsets(topic, both, 'latest')).toEqual(
      new Map([
        [0, 0],
        [1, 3],
      ]),
    )
    expect(await port.offsets(topic, both, { timestamp: 1_500 })).toEqual(
      new Map([
        [0, 0],
        [1, 2],
      ]),
    )
    expect(await port.offsets(topic, both, { timestamp: 9_000 })).toEqual(
      new Map([
        [0, 0],
        [1, 3],
      ]),
    )
    await port.commitGroup('watchers', [{ topic, partition: 1, offset: 2 }])
    expect(await port.groupOffsets('watchers', topic)).toEqual(new Map([[1, 2]]))
    await expect(port.createTopic({ topic: 'x', partitions: 1, replicas: 3 })).rejects.toMatchObject({
      code: 'ERR_KAFKA',
      message: expect.stringContaining('INVALID_REPLICATION_FACTOR'),
    })
  })

  it('writes what Kafka itself reads, in every compression, with key, headers and timestamp', async () => {
    const topic = await newTopic()
    for (const compression of ['none', 'gzip', 'snappy', 'lz4'] as const) {
      const builder = new RecordBatchBuilder({ bytesMax: 900_000, compression })
      for (let i = 0; i < 200; i++) builder.append(`key ${i}`, `${compression} ${i} ${'x'.repeat(i)}`, 5_000 + i, [['h', `${i}`]])
      expect(await port.produce(topic, 0, builder.take())).toEqual({ outcome: 'ok' })
    }
    const read = await kafka.consume(topic)
    expect(read.map(({ value }) => value)).toEqual(await valuesOf(topic))
    expect(read).toHaveLength(800)
    expect(read[399]).toMatchObject({ offset: 399, timestamp: 5_199, headers: 'h:199', key: 'key 199' })
  })

  it('refuses a batch that is too large for the topic, and says what to do', async () => {
    const topic = await newTopic()
    await expect(port.produce(topic, 0, batchOf(['x'.repeat(1_100_000)]))).rejects.toMatchObject({
      code: 'ERR_KAFKA',
      message: expect.stringContaining('(MESSAGE_TOO_LARGE). Make the records smaller, or raise max.message.bytes'),
    })
  })

  it('commits and aborts transactions of overlapping writes, in order', async () => {
    const topic = await newTopic()
    const lane = port.lane('lane-1', 60_000)
    await transact(lane, topic, numbered('a', 50), true)
    await transact(lane, topic, numbered('b', 50), false)
    await transact(lane, topic, numbered('c', 50), true)
    const expected = [...numbered('a', 50), ...numbered('c', 50)]
    expect(await valuesOf(topic)).toEqual(expected)
    expect((await kafka.consume(topic)).map(({ value }) => value)).toEqual(expected)
    expect(await valuesOf(topic, 'uncommitted')).toHaveLength(150)
  })

  it('lets a successor abort what is open, and fences the one before', async () => {
    const topic = await newTopic()
    const first = port.lane('lane-2', 60_000)
    await first.fence()
    expect(await first.write(topic, 0, batchOf(['lost']))).toEqual({ outcome: 'ok' })
    const second = port.lane('lane-2', 60_000)
    await second.fence()
    expect((await first.write(topic, 0, batchOf(['late']))).outcome).toBe('fenced')
    expect((await first.end(true)).outcome).toBe('fenced')
    expect(await second.write(topic, 0, batchOf(['kept']))).toEqual({ outcome: 'ok' })
    expect(await second.end(true)).toEqual({ outcome: 'ok' })
    expect(await valuesOf(topic)).toEqual(['kept'])
  })

  it('says fenced after the broker gave up an open transaction, and nothing of it appears', async () => {
    const topic = await newTopic()
    const lane = port.lane('lane-3', 1_000)
    await lane.fence()
    expect(await lane.write(topic, 0, batchOf(['late']))).toEqual({ outcome: 'ok' })
    await expect.poll(async () => (await port.offsets(topic, [0], 'stable')).get(0), { timeout: 20_000 }).toBe(2)
    expect((await lane.end(true)).outcome).toBe('fenced')
    await transact(lane, topic, ['kept'], true)
    expect(await valuesOf(topic)).toEqual(['kept'])
  })

  it('tells a broker that is down from one that may have taken a write, and works again when it is back', async () => {
    const topic = await newTopic()
    const lane = port.lane('lane-4', 60_000)
    await transact(lane, topic, ['before'], true)
    await lane.fence()
    expect(await lane.write(topic, 0, batchOf(['lost']))).toEqual({ outcome: 'ok' })
    await kafka.stop('SIGKILL')
    expect((await lane.write(topic, 0, batchOf(['lost too']))).outcome).toBe('unknown')
    expect((await lane.end(true)).outcome).toBe('unknown')
    expect((await port.produce(topic, 0, batchOf(['not sent']))).outcome).toBe('failed')
    await kafka.restart()
    await transact(lane, topic, ['after'], true)
    expect(await valuesOf(topic)).toEqual(['before', 'after'])
  })

  it('says at once that it is closed, and does not wait for a broker that holds its answer', async () => {
    const topic = await newTopic()
    const [leader] = await port.partitions(topic)
    const wanted = [{ topic, partition: 0, offset: 0, maxBytes: 1_000 }]
    const waiting = port.fetch(leader?.leader ?? -1, wanted, { maxWaitMs: 25_000, maxBytes: 1_000, isolation: 'committed' })
    const refused = expect(waiting).rejects.toMatchObject({ code: 'ERR_KAFKA' })
    await port.partitions(topic)
    await port.close()
    await refused
    await expect(port.partitions(topic)).rejects.toMatchObject({ code: 'ERR_KAFKA' })
  })
})

async function transact(lane: TransactionLane, topic: string, values: readonly string[], commit: boolean): Promise<void> {
  await lane.fence()
  const answers = await Promise.all(values.map((value) => lane.write(topic, 0, batchOf([value]))))
  expect(answers.every(({ outcome }) => outcome === 'ok')).toBe(true)
  expect(await lane.end(commit)).toEqual({ outcome: 'ok' })
}

const numbered = (name: string, count: number) => Array.from({ length: count }, (_, i) => `${name} ${i}`)

function batchOf(values: readonly string[], timestamp = 1_000): UnsealedBatch {
  const builder = new RecordBatchBuilder({ bytesMax: 10_000_000 })
  for (const value of values) builder.append(undefined, value, timestamp)
  return builder.take()
}
