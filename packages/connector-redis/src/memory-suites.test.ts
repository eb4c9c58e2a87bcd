import { type SinkRecord, type SourceRecord, sinkSuite, sourceSuite } from '@malstrom/testing'
import { memoryConnector } from './fixture/memory-port.ts'
import { MemoryRedis } from './fixture/memory-redis.ts'
import { StreamSink } from './sink/redis-sink.ts'
import { textField } from './source/redis-entry.ts'
import type { RedisSourceOptions } from './source/redis-source-options.ts'
import { StreamsSource } from './source/streams-source.ts'

/** Every fourth command meets a connection that breaks, half of them when it has been executed; the order is always the same. */
function shaky(): () => 'lost before' | 'lost after' | undefined {
  let state = 1
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    const dice = (state >> 8) % 8
    return dice === 0 ? 'lost before' : dice === 1 ? 'lost after' : undefined
  }
}

const recordsOf = (stream: string, count: number): SourceRecord<string, number>[] =>
  Array.from({ length: count }, (_, i) => ({ value: `${stream} ${i}`, timestamp: 1_000 + Math.floor(i / 2) }))

const expected = [
  { partition: 'orders', records: recordsOf('orders', 25) },
  { partition: 'empty', records: [] },
  { partition: 'payments', records: recordsOf('payments', 3) },
]

function add(redis: MemoryRedis, stream: string, { value, timestamp }: SourceRecord<string, number>): void {
  redis.execute(['xadd', stream, `${timestamp}-*`, 'value', value])
}

function system() {
  const redis = new MemoryRedis()
  for (const { partition, records } of expected) for (const record of records) add(redis, partition, record)
  return redis
}

const reading: RedisSourceOptions<string> = { stream: ['orders', 'empty', 'payments'], decode: textField(), batchRecords: 4 }
const group = { name: 'readers', createStream: true, claim: { intervalMs: 20 } }

for (const [name, options] of [
  ['alone', reading],
  ['in a group', { ...reading, group }],
] as const) {
  for (const [weather, faults] of [
    ['', () => () => undefined],
    [' over connections that break', shaky],
  ] as const) {
    sourceSuite(`redisSource ${name}${weather}`, {
      setup: system,
      create: (redis) => new StreamsSource(memoryConnector(redis, faults()), options as RedisSourceOptions<string, never>),
      expected,
      finishes: false,
      append(redis, stream) {
        const record = { value: `appended to ${stream}`, timestamp: 5_000 }
        add(redis, stream, record)
        return record
      },
    })
  }
}

const records: SinkRecord<string, number, number>[] = Array.from({ length: 12 }, (_, i) => ({
  value: `${i} ${'x'.repeat(i * 100)}`,
  key: i % 3,
  timestamp: i,
}))

const writing = {
  setup: () => new MemoryRedis(),
  records,
  read: (redis: MemoryRedis, stream: string) =>
    redis.streams.get(stream)?.entries.map(([, fields]) => JSON.parse(fields[1] as string)) ?? [],
}

sinkSuite('redisSink', {
  ...writing,
  create: (redis) => new StreamSink<string, number, number>(memoryConnector(redis), { stream: 'out', bufferBytes: 10_000 }),
})

for (const [weather, faults] of [
  ['', () => () => undefined],
  [' over connections that break', shaky],
] as const) {
  sinkSuite(`redisSink with delivery exactly-once${weather}`, {
    ...writing,
    delivery: 'exactly-once',
    create: (redis) =>
      new StreamSink<string, number, number>(memoryConnector(redis, faults()), {
        stream: 'out',
        shards: 2,
        delivery: 'exactly-once',
        bufferBytes: 10_000,
      }),
  })
}
