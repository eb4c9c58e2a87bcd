import { KafkaServer, whyNoKafka } from '@malstrom/services'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openKafka } from '../client/kafka-connection.ts'
import type { KafkaPort } from '../client/kafka-port.ts'
import { CONTEXT, Collected, readTo } from '../fixture/memory-topics.ts'
import type { KafkaRecord } from '../record-batch/kafka-record.ts'
import { RecordBatchBuilder } from '../record-batch/record-batch-builder.ts'
import { kafkaSource } from './kafka-source.ts'
import type { KafkaPosition, KafkaSourceOptions } from './kafka-source-options.ts'

const missing = await whyNoKafka()
const FIRST_TIME = 1_700_000_000_000

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)

describe.skipIf(missing !== undefined)(`where reading a real Kafka begins ${missing ?? ''}`, { timeout: 60_000 }, () => {
  let kafka: KafkaServer
  let port: KafkaPort
  beforeAll(async () => {
    kafka = await KafkaServer.start()
    port = openKafka({ brokers: kafka.brokers })
  }, 120_000)
  afterAll(async () => {
    await port?.close()
    await kafka?.[Symbol.asyncDispose]()
  })

  /** Record `n` has the offset `n`, and the time `n` seconds after the first. */
  async function write(topic: string, from: number, to: number): Promise<void> {
    for (const n of numbers(from, to)) {
      const send = async () => {
        const builder = new RecordBatchBuilder({ bytesMax: 1_000 })
        builder.append(undefined, String(n), FIRST_TIME + n * 1_000)
        return (await port.produce(topic, 0, builder.take())).outcome
      }
      // The leader of a new topic may need a moment; it refuses until then.
      await expect.poll(send, { timeout: 20_000 }).toBe('ok')
    }
  }

  async function newTopic(topic: string, records: number): Promise<void> {
    await port.createTopic({ topic, partitions: 1, replicas: 1 })
    await write(topic, 0, records)
  }

  /** `partition@offset` and what it says. */
  const place = ({ partition, offset, valueText }: KafkaRecord) => `${partition}@${offset} ${valueText}`
  const places = (from: number, to: number) => numbers(from, to).map((n) => `0@${n} ${n}`)

  async function open(topic: string, options: Partial<KafkaSourceOptions<string>> = {}, state?: KafkaPosition) {
    const source = kafkaSource({ brokers: kafka.brokers, topic, decode: place, ...options })
    const partition = await source.openPartition(`${topic}/0`, state, CONTEXT)
    const output = new Collected<string>()
    const read = async (count: number) => {
      await readTo(partition, output, count)
      return output.values
    }
    return { partition, read, [Symbol.asyncDispose]: () => Promise.resolve(partition.close()) }
  }

  it('at the beginning, an offset or a time, and goes on with what comes', async () => {
    const topic = 'positions'
    await newTopic(topic, 10)
    await using earliest = await open(topic)
    expect(await earliest.read(10)).toEqual(places(0, 10))
    await using atOffset = await open(topic, { start: { offsets: { [`${topic}/0`]: 5 } } })
    expect(await atOffset.read(5)).toEqual(places(5, 10))
    await using betweenTimes = await open(topic, { start: { timestamp: FIRST_TIME + 6_500 } })
    expect(await betweenTimes.read(3)).toEqual(places(7, 10))
    await using atTime = await open(topic, { start: { timestamp: FIRST_TIME + 7_000 } })
    expect(await atTime.read(3)).toEqual(places(7, 10))
    await using latest = await open(topic, { start: 'latest' })
    await write(topic, 10, 20)
    expect(await betweenTimes.read(13)).toEqual(places(7, 20))
    expect(await latest.read(10)).toEqual(places(10, 20))
  })

  it('after the last record that a snapshot or the group knows, and otherwise at the beginning', async () => {
    const topic = 'restarts'
    await newTopic(topic, 10)
    const options = { group: 'readers' }
    const first = await open(topic, options)
    await first.read(8)
    await first.partition.close() // Without a snapshot, as when the process was killed.
    const second = await open(topic, options)
    expect(await second.read(6)).toEqual(places(0, 6))
    const state = second.partition.snapshot()
    second.partition.committed?.(1)
    await expect.poll(() => port.groupOffsets('readers', topic), { timeout: 20_000 }).toEqual(new Map([[0, 6]]))
    expect(await second.read(9)).toHaveLength(9)
    await second.partition.close()
    await using restarted = await open(topic, options, state)
    expect(await restarted.read(4)).toEqual(places(6, 10))
    // What another program makes of the group: the next offset, not the last one.
    await using other = await open(topic, { start: { group: 'readers' } })
    expect(await other.read(4)).toEqual(places(6, 10))
  })

  it('for each of two sources of one process as if it were alone, also with the same group', async () => {
    const topic = 'both'
    await newTopic(topic, 10)
    const options = { group: 'both' }
    await using one = await open(topic, options)
    await using two = await open(topic, options)
    expect(await one.read(5)).toEqual(places(0, 5))
    expect(await two.read(10)).toEqual(places(0, 10))
    expect(await one.read(10)).toEqual(places(0, 10))
  })
})
