import { type SinkRecord, sinkSuite } from '@malstrom/testing'
import { type RealRedis, withRedis } from '../fixture/real-redis.ts'
import { redisHash } from './keyed-sinks.ts'
import { redisSink } from './redis-sink.ts'

const records: SinkRecord<string, number, number>[] = Array.from({ length: 12 }, (_, i) => ({
  value: `${i} größe 😀 ${'x'.repeat(i * 100)}`,
  key: i % 3,
  timestamp: i,
}))

const LIMITS = { runs: 20, timeoutMs: 60_000 }

async function valuesIn({ client }: RealRedis, stream: string): Promise<unknown[]> {
  return (await client.xrange(stream, '-', '+')).map(([, fields]) => JSON.parse(fields[1] as string))
}

function system(redis: () => RealRedis) {
  return {
    ...LIMITS,
    records,
    async setup() {
      await redis().client.flushall()
      return redis()
    },
    read: valuesIn,
  }
}

withRedis('a real server', { durable: false }, (redis) => {
  sinkSuite('redisSink', {
    ...system(redis),
    create: ({ url }) => redisSink<string, number, number>({ url, stream: 'out', bufferBytes: 10_000 }),
  })

  sinkSuite('redisSink with shards', {
    ...system(redis),
    create: ({ url }) =>
      redisSink<string, number, number>({ url, stream: 'out', shards: 2, trim: { maxLength: 1_000 }, bufferBytes: 10_000 }),
  })

  sinkSuite('redisSink with delivery exactly-once', {
    ...system(redis),
    delivery: 'exactly-once',
    create: ({ url }) => redisSink<string, number, number>({ url, stream: 'out', delivery: 'exactly-once', bufferBytes: 10_000 }),
  })

  sinkSuite('redisSink with shards and delivery exactly-once', {
    ...system(redis),
    delivery: 'exactly-once',
    create: ({ url }) =>
      redisSink<string, number, number>({
        url,
        stream: (_, key) => `out{${key}}`,
        shards: 2,
        delivery: 'exactly-once',
        bufferBytes: 10_000,
      }),
  })

  sinkSuite('redisHash', {
    ...system(redis),
    create: ({ url }) =>
      redisHash<string, number, number>({ url, hash: 'out', field: (_value, _key, timestamp) => String(timestamp), bufferBytes: 10_000 }),
    async read({ client }) {
      const all = Object.entries(await client.hgetall('out'))
      return all.sort(([a], [b]) => Number(a) - Number(b)).map(([, value]) => value)
    },
  })
})
