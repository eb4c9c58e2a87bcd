import { type SourceRecord, sourceSuite } from '@malstrom/testing'
import { type RealRedis, withRedis } from '../fixture/real-redis.ts'
import { bytesField, textField } from './redis-entry.ts'
import { redisSource } from './redis-source.ts'

const LIMITS = { runs: 15, timeoutMs: 60_000 }

const recordsOf = (stream: string, count: number): SourceRecord<string, number>[] =>
  Array.from({ length: count }, (_, i) => ({ value: `${stream} ${i} größe 😀`, timestamp: 1_000 + Math.floor(i / 2) }))

const expected = [
  { partition: 'orders', records: recordsOf('orders', 25) },
  { partition: 'empty', records: [] },
  { partition: 'payments', records: recordsOf('payments', 3) },
]

async function add(redis: RealRedis, stream: string, { value, timestamp }: SourceRecord<string, number>): Promise<void> {
  await redis.client.xadd(stream, `${timestamp}-*`, 'other', 'x', 'value', value)
}

function system(redis: () => RealRedis) {
  return {
    async setup() {
      await redis().client.flushall()
      for (const { partition, records } of expected) for (const record of records) await add(redis(), partition, record)
      return redis()
    },
    async append(redis: RealRedis, stream: string) {
      const record = { value: `appended to ${stream}`, timestamp: 5_000 }
      await add(redis, stream, record)
      return record
    },
  }
}

withRedis('a real server', {}, (redis) => {
  sourceSuite('redisSource', {
    ...LIMITS,
    ...system(redis),
    create: ({ url }) => redisSource({ url, stream: ['orders', 'empty', 'payments'], decode: textField(), batchRecords: 4 }),
    expected,
    finishes: false,
  })

  sourceSuite('redisSource with bytes', {
    ...LIMITS,
    ...system(redis),
    create: ({ url }) => {
      const value = bytesField()
      return redisSource({ url, stream: ['orders', 'empty', 'payments'], bytes: true, decode: (entry) => value(entry).toString() })
    },
    expected,
    finishes: false,
  })

  sourceSuite('redisSource with a group', {
    ...LIMITS,
    ...system(redis),
    create: ({ url }) =>
      redisSource({
        url,
        stream: ['orders', 'empty', 'payments'],
        decode: textField(),
        batchRecords: 4,
        group: { name: 'readers', createStream: true },
      }),
    expected,
    finishes: false,
  })
})
