import { defineJob, toArray } from '@malstrom/operators'
import { memoryPersistence } from '@malstrom/persistence'
import { singleThread } from '@malstrom/runtime'
import { KAFKA_4, KafkaServer, whyNoKafka } from '@malstrom/services'
import { expect, it } from 'vitest'
import { openKafka } from '../client/kafka-connection.ts'
import { string } from '../decode/value-decoders.ts'
import { ReleasedNumbers } from '../fixture/released-numbers.ts'
import { kafkaSource } from '../source/kafka-source.ts'
import { kafkaSink } from './kafka-sink.ts'

const missing = await whyNoKafka(KAFKA_4)
const PARTITIONS = 2

// One way through everything; `KAFKA_VERSION=4.3.1` runs all other tests against Kafka 4 too.
it.skipIf(missing !== undefined)(
  `with Kafka 4 a job writes exactly once, is aborted and restored, and another one reads with a group ${missing ?? ''}`,
  { timeout: 180_000 },
  async () => {
    await using kafka = await KafkaServer.start({ version: KAFKA_4 })
    const { brokers } = kafka
    await kafka.createTopic('numbers', PARTITIONS)
    const port = openKafka({ brokers })
    const persistence = memoryPersistence()
    const source = new ReleasedNumbers()
    const writing = defineJob({
      name: 'writing',
      module: import.meta.url,
      build: (flow) =>
        flow
          .source('numbers', source)
          .keyLocal('by rest', (n) => `k${n % 5}`)
          .sink(
            'out',
            kafkaSink({
              brokers,
              topic: 'numbers',
              delivery: 'exactly-once',
              eager: true,
              batchBytesMax: 500,
              encode: (n: number) => `${n}`,
            }),
          ),
    })
    const runtime = singleThread({ persistence, snapshotIntervalMs: 60_000 })
    const ends = async (at: 'latest' | 'stable') => {
      const offsets = await port.offsets('numbers', [0, 1], at)
      return [...offsets.values()].reduce((sum, offset) => sum + offset, 0)
    }
    try {
      {
        await using first = await runtime.start(writing)
        source.release(1_000)
        await expect.poll(() => first.status().recordsIn).toBe(1_000)
        await first.snapshot()
        const committed = await ends('stable')
        source.release(1_000)
        // Streamed and not committed: the next start aborts it, and writes it again.
        await expect.poll(() => ends('latest'), { timeout: 30_000 }).toBeGreaterThan(committed)
      }
      source.complete()
      await runtime.run(writing)
      const expected = Array.from({ length: 2_000 }, (_, n) => `${n}`).toSorted()
      const values: string[] = []
      const reading = defineJob({
        name: 'reading',
        module: import.meta.url,
        build: (flow) =>
          flow
            .source('numbers', kafkaSource({ brokers, topic: 'numbers', group: 'readers', decode: string(), stop: 'latest' }))
            .sink('out', toArray(values)),
      })
      await singleThread({ persistence: memoryPersistence() }).run(reading)
      expect(values.toSorted()).toEqual(expected)
      expect((await kafka.consume('numbers')).map(({ value }) => value).toSorted()).toEqual(expected)
      expect((await port.groupOffsets('readers', 'numbers')).size).toBe(PARTITIONS)
    } finally {
      await port.close()
    }
  },
)
