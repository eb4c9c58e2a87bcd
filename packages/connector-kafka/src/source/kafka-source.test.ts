import { afterEach, describe, expect, it, vi } from 'vitest'
import { isRetriable, kafkaError } from '../client/kafka-error.ts'
import type { KafkaPort } from '../client/kafka-port.ts'
import { json, string } from '../decode/value-decoders.ts'
import { MemoryKafka } from '../fixture/memory-kafka.ts'
import type { MemoryLog } from '../fixture/memory-log.ts'
import { MemoryPort } from '../fixture/memory-port.ts'
import { append, CONTEXT, Collected, memorySource, readTo } from '../fixture/memory-topics.ts'
import type { KafkaRecord } from '../record-batch/kafka-record.ts'
import { kafkaSource } from './kafka-source.ts'
import type { KafkaPosition, KafkaSourceOptions } from './kafka-source-options.ts'

vi.setConfig({ testTimeout: 20_000 })

const opened: { close(): Promise<void> | void }[] = []
afterEach(async () => {
  for (const partition of opened.splice(0)) await partition.close()
})

/** Ten records `{ id }`, one batch each, a second apart. */
function tenRecords(): MemoryKafka {
  const kafka = new MemoryKafka({ orders: 1 })
  for (let id = 0; id < 10; id++) append(kafka, 'orders', 0, { value: JSON.stringify({ id }), timestamp: id * 1_000 })
  return kafka
}

async function open<V>(
  kafka: MemoryKafka,
  options: Partial<KafkaSourceOptions<V>> = {},
  state?: KafkaPosition,
  openPort?: () => KafkaPort,
  name = 'orders/0',
) {
  const partition = await memorySource<V>(kafka, options, openPort).openPartition(name, state, CONTEXT)
  opened.push(partition)
  return partition
}

/** The ids that are read from a start to the end. */
async function idsFrom(kafka: MemoryKafka, options: Partial<KafkaSourceOptions<{ id: number }>>, state?: KafkaPosition): Promise<number[]> {
  const output = new Collected<{ id: number }>()
  await readTo(await open(kafka, { stop: 'latest', ...options }, state), output)
  return output.values.map(({ id }) => id)
}

describe('a partition that no snapshot knows begins', () => {
  it('at the oldest record that is left', async () => {
    const kafka = tenRecords()
    kafka.log('orders', 0)?.deleteUntil(7)
    expect(await idsFrom(kafka, {})).toEqual([7, 8, 9])
  })

  it('at a timestamp', async () => {
    expect(await idsFrom(tenRecords(), { start: { timestamp: 6_500 } })).toEqual([7, 8, 9])
    expect(await idsFrom(tenRecords(), { start: { timestamp: new Date(9_000) } })).toEqual([9])
    expect(await idsFrom(tenRecords(), { start: { timestamp: 9_001 } })).toEqual([])
  })

  it('at offsets, or at the oldest record where there is none', async () => {
    expect(await idsFrom(tenRecords(), { start: { offsets: { 'orders/0': 8 } } })).toEqual([8, 9])
    expect((await idsFrom(tenRecords(), { start: { offsets: { 'orders/1': 8 } } })).length).toBe(10)
  })

  it('where a group stands, or where it is told to without', async () => {
    const kafka = tenRecords()
    kafka.commitGroup('watchers', 'orders', 0, 6)
    expect(await idsFrom(kafka, { start: { group: 'watchers' } })).toEqual([6, 7, 8, 9])
    expect(await idsFrom(kafka, { start: { group: 'strangers' } })).toHaveLength(10)
    expect(await idsFrom(kafka, { start: { group: 'strangers', otherwise: 'latest' } })).toEqual([])
  })

  it('at what is written from now on', async () => {
    const kafka = tenRecords()
    const partition = await open<{ id: number }>(kafka, { start: 'latest' })
    const output = new Collected<{ id: number }>()
    append(kafka, 'orders', 0, { value: '{"id":10}' })
    await readTo(partition, output, 1)
    expect(output.values).toEqual([{ id: 10 }])
  })

  it('at its first record if it appeared later, also with start: latest', async () => {
    const kafka = tenRecords()
    const source = memorySource<{ id: number }>(kafka, { start: 'latest' })
    expect(await source.listPartitions()).toEqual(['orders/0'])
    const [log] = kafka.topics.get('orders') as [MemoryLog]
    kafka.createTopic('more', 1)
    kafka.topics.set('orders', [log, kafka.log('more', 0) as MemoryLog])
    append(kafka, 'orders', 1, { value: '{"id":11}' })
    expect(await source.listPartitions()).toEqual(['orders/0', 'orders/1'])
    const partition = await source.openPartition('orders/1', undefined, { ...CONTEXT, discovered: true })
    opened.push(partition)
    const output = new Collected<{ id: number }>()
    await readTo(partition, output, 1)
    expect(output.values).toEqual([{ id: 11 }])
  })
})

describe('a saved position', () => {
  it('counts for more than the start', async () => {
    expect(await idsFrom(tenRecords(), { start: 'latest', stop: 'never' }, { offset: 8, end: 10 })).toEqual([8, 9])
  })

  it('that retention deleted is an error that says so, unless reading may go on', async () => {
    const kafka = tenRecords()
    kafka.log('orders', 0)?.deleteUntil(5)
    await expect(idsFrom(kafka, {}, { offset: 3 })).rejects.toMatchObject({
      code: 'ERR_KAFKA_OFFSET_LOST',
      message: expect.stringContaining("orders/0 begins at 5: offset 3 is gone, deleted by retention. Set onOffsetLost: 'earliest'"),
    })
    expect(await idsFrom(kafka, { onOffsetLost: 'earliest' }, { offset: 3, end: 10 })).toEqual([5, 6, 7, 8, 9])
  })

  it('after the end of a topic that was made anew is one too', async () => {
    await expect(idsFrom(tenRecords(), {}, { offset: 500 })).rejects.toThrow(
      'orders/0 ends at 10, before offset 500: the topic was made anew',
    )
    expect(await idsFrom(tenRecords(), { onOffsetLost: 'earliest' }, { offset: 500, end: 501 })).toHaveLength(10)
    expect(await idsFrom(new MemoryKafka({ orders: 1 }), { onOffsetLost: 'earliest' }, { offset: 500, end: 501 })).toEqual([])
  })

  it('of a partition that is gone is refused', async () => {
    await expect(open(tenRecords(), {}, { offset: 3 }, undefined, 'orders/7')).rejects.toMatchObject({
      code: 'ERR_KAFKA',
      message: expect.stringContaining('orders/7 is gone: the topic has 1 partitions'),
    })
  })
})

describe('the end of what there is', () => {
  it('is where the partition ended when it was opened first, also after a restart', async () => {
    const kafka = tenRecords()
    const partition = await open<{ id: number }>(kafka, { stop: 'latest' })
    append(kafka, 'orders', 0, { value: '{"id":10}' })
    const output = new Collected<{ id: number }>()
    await readTo(partition, output, 4)
    const state = partition.snapshot()
    expect(state).toEqual({ offset: 4, end: 10 })
    expect(await idsFrom(kafka, {}, state)).toEqual([4, 5, 6, 7, 8, 9])
  })

  it('of committed records is before the first open transaction', async () => {
    const kafka = tenRecords()
    const producer = kafka.initProducerId('writer')
    const log = kafka.log('orders', 0) as MemoryLog
    kafka.addPartition('writer', producer, log)
    const batch = new MemoryKafka({ a: 1 })
    append(batch, 'a', 0, { value: '{"id":-1}' })
    const { batches } = batch.fetch('a', 0, 0, 'committed', 1)
    kafka.append(log, { bytes: batches, count: 1 }, { ...producer, transactionalId: 'writer', sequence: 0 })
    expect(await idsFrom(kafka, {})).toHaveLength(10)
    expect(await idsFrom(kafka, { isolation: 'uncommitted' })).toHaveLength(11)
  })
})

describe('a record that cannot be decoded', () => {
  function withBadOne(): MemoryKafka {
    const kafka = new MemoryKafka({ orders: 1 })
    append(kafka, 'orders', 0, { value: '{"id":0}' }, { value: '{"id"', key: 'k' }, { value: '{"id":2}' })
    return kafka
  }

  it('is an error after the records before it, and the position stays before it', async () => {
    const partition = await open<{ id: number }>(withBadOne())
    const output = new Collected<{ id: number }>()
    await expect(readTo(partition, output)).rejects.toMatchObject({
      code: 'ERR_RECORD_INVALID',
      message: expect.stringMatching(/^orders\/0, offset 1: not valid JSON \(.*\): \{"id"$/),
      context: { operator: 'op', partition: 'orders/0' },
    })
    expect(output.values).toEqual([{ id: 0 }])
    expect(partition.snapshot()).toEqual({ offset: 1 })
  })

  it('is left out if that is wanted', async () => {
    expect(await idsFrom(withBadOne(), { onUndecodable: 'skip' })).toEqual([0, 2])
  })

  it('is given to a function, with the reason', async () => {
    const letters: unknown[] = []
    const onUndecodable = (record: KafkaRecord, error: unknown) => letters.push([record.offset, record.keyText, String(error)])
    expect(await idsFrom(withBadOne(), { onUndecodable })).toEqual([0, 2])
    expect(letters).toEqual([[1, 'k', expect.stringContaining('not valid JSON')]])
  })

  it('fails the job if that function throws', async () => {
    const onUndecodable = () => {
      throw new Error('the letter box is full')
    }
    await expect(idsFrom(withBadOne(), { onUndecodable })).rejects.toThrow('the letter box is full')
  })
})

describe('memory', () => {
  it('holds no more than the bound and one batch, however slow the job is', async () => {
    const kafka = new MemoryKafka({ orders: 1 })
    const value = JSON.stringify('x'.repeat(10_000))
    for (let i = 0; i < 300; i++) append(kafka, 'orders', 0, { value })
    let fetchedBytes = 0
    const port = new MemoryPort(kafka)
    const counting: KafkaPort = Object.assign(Object.create(port), {
      fetch: async (...request: Parameters<KafkaPort['fetch']>) => {
        const answer = await port.fetch(...request)
        for (const { batches } of answer) fetchedBytes += batches.length
        return answer
      },
      close: () => port.close(),
      partitions: (topic: string) => port.partitions(topic),
      offsets: (...question: Parameters<KafkaPort['offsets']>) => port.offsets(...question),
    })
    const partition = await open<string>(kafka, { bufferBytesMax: 500_000, stop: 'latest' }, undefined, () => counting)
    for (let turn = 0; turn < 200; turn++) await new Promise(setImmediate)
    expect(fetchedBytes).toBeGreaterThan(200_000)
    expect(fetchedBytes).toBeLessThan(520_000)
    const output = new Collected<string>()
    await readTo(partition, output)
    expect(output.values).toHaveLength(300)
  })
})

describe('an outage', () => {
  /** A port that fails as often as it is told to, in the ways in which a cluster does. */
  function shaky(kafka: MemoryKafka, failures: (() => Error | string)[]): () => KafkaPort {
    return () => {
      const port = new MemoryPort(kafka)
      return Object.assign(Object.create(port), {
        fetch: async (...[node, wanted, options]: Parameters<KafkaPort['fetch']>) => {
          const failure = failures.shift()?.()
          if (failure instanceof Error) throw failure
          const answer = await port.fetch(node, wanted, { ...options, maxWaitMs: 1 })
          return failure === undefined ? answer : answer.map((one) => ({ ...one, error: failure, batches: new Uint8Array() }))
        },
        partitions: async (topic: string) => {
          const failure = failures.length > 3 ? failures.shift()?.() : undefined
          if (failure instanceof Error) throw failure
          return port.partitions(topic)
        },
        offsets: (...question: Parameters<KafkaPort['offsets']>) => port.offsets(...question),
        close: () => port.close(),
      })
    }
  }
  const down = () => kafkaError('Kafka: memory:1 cannot be reached.', { reason: 'ECONNREFUSED', retriable: true })
  const moved = () => 'NOT_LEADER_OR_FOLLOWER'

  it('is waited out: brokers down, leaders that move, answers that are lost', async () => {
    const failures = [moved, down, down, moved, () => 'LEADER_NOT_AVAILABLE', () => 'KAFKA_STORAGE_ERROR']
    const output = new Collected<{ id: number }>()
    await readTo(await open(tenRecords(), { stop: 'latest' }, undefined, shaky(tenRecords(), failures)), output)
    expect(output.values.map(({ id }) => id)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(failures).toEqual([])
  })

  it('does not hide what no waiting mends', async () => {
    const denied = () => 'TOPIC_AUTHORIZATION_FAILED'
    const partition = await open(tenRecords(), {}, undefined, shaky(tenRecords(), [denied]))
    const failure = await readTo(partition, new Collected()).catch((thrown) => thrown)
    expect(failure).toMatchObject({ code: 'ERR_KAFKA', message: expect.stringContaining('Give the user the right to this topic.') })
    expect(isRetriable(failure)).toBe(false)
  })
})

describe('a consumer group', () => {
  it('is told the positions of snapshots that are durable, and nothing before', async () => {
    const kafka = tenRecords()
    const partition = await open<{ id: number }>(kafka, { group: 'watchers' })
    const output = new Collected<{ id: number }>()
    await readTo(partition, output, 4)
    partition.snapshot()
    await readTo(partition, output, 6)
    expect(kafka.groupOffsets('watchers', 'orders').size).toBe(0)
    partition.committed?.(1)
    await partition.close()
    expect(kafka.groupOffsets('watchers', 'orders').get(0)).toBe(4)
  })

  it('that refuses does not stop the job', async () => {
    const warnings = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const kafka = tenRecords()
    kafka.commitGroup = () => {
      throw kafkaError('Kafka: the offsets were not stored (UNKNOWN_MEMBER_ID).', { retriable: false })
    }
    const partition = await open<{ id: number }>(kafka, { group: 'watchers' })
    for (let round = 0; round < 2; round++) {
      partition.snapshot()
      partition.committed?.(1)
    }
    await partition.close()
    expect(warnings.mock.calls.map(([message]) => message)).toEqual([
      'Kafka: the offsets were not stored (UNKNOWN_MEMBER_ID). The job goes on; only its lag is not shown.',
    ])
    warnings.mockRestore()
  })
})

it('a topic that is missing is an error when partitions are listed and when they are opened', async () => {
  const source = memorySource(new MemoryKafka(), { topic: 'none' })
  await expect(source.listPartitions()).rejects.toThrow('there is no topic "none"')
  await expect(source.openPartition('none/0', undefined, CONTEXT)).rejects.toThrow('there is no topic "none"')
})

it('decode sees key, headers and timestamp', async () => {
  const kafka = new MemoryKafka({ orders: 1 })
  append(kafka, 'orders', 0, { key: 'k', value: 'v', timestamp: 77 }, { key: 'k', value: null })
  const seen: unknown[] = []
  const decode = (record: KafkaRecord) =>
    seen.push([record.topic, record.partition, record.offset, record.keyText, record.valueText, record.isTombstone, record.timestamp])
  await readTo(await open(kafka, { decode, stop: 'latest' }), new Collected())
  expect(seen).toEqual([
    ['orders', 0, 0, 'k', 'v', false, 77],
    ['orders', 0, 1, 'k', undefined, true, 1_000],
  ])
})

it.each<[options: object, message: string]>([
  [{}, 'kafkaSource: give either brokers or a client.'],
  [{ brokers: [] }, 'brokers is empty'],
  [{ brokers: 'kafka://user:secret@host:1' }, 'a broker has no address of the form host:port'],
  [{ brokers: 'a:1', topic: [] }, 'topic is empty'],
  [{ brokers: 'a:1', topic: 'a/b' }, '"a/b" is no topic'],
  [{ brokers: 'a:1', topic: ['a', 'a'] }, 'topic "a" is given twice'],
  [{ brokers: 'a:1', topic: 'a', start: 'newest' }, 'start is "newest". It is'],
  [{ brokers: 'a:1', topic: 'a', start: { offsets: { 'a/0': -1 } } }, 'start is {"offsets":{"a/0":-1}}'],
  [{ brokers: 'a:1', topic: 'a', onOffsetLost: 'latest' }, 'onOffsetLost is "latest".'],
  [{ brokers: 'a:1', topic: 'a', isolation: 'comitted' }, 'Did you mean committed?'],
  [{ brokers: 'a:1', topic: 'a', bufferBytesMax: 0 }, 'bufferBytesMax is 0'],
  [{ brokers: 'a:1', topic: 'a', form: 'x' }, 'kafkaSource has no option "form"'],
  [{ brokers: 'a:1', topic: 'a', decode: 'json' }, 'decode is no function'],
])('the options %j are refused before anything connects', (options, message) => {
  const refused = (() => {
    try {
      kafkaSource({ topic: 'orders', decode: string(), ...options } as KafkaSourceOptions<string>)
    } catch (thrown) {
      return String(thrown)
    }
  })()
  expect(refused).toContain(message)
  expect(refused).not.toContain('secret')
})

it('a source is made without a connection', () => {
  expect(kafkaSource({ brokers: 'no.such.host:1', topic: 'orders', decode: json() }).time.compare(1, 2)).toBe(-1)
})
