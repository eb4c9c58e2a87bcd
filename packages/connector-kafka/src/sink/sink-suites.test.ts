import { type SinkRecord, sinkSuite } from '@malstrom/testing'
import { MemoryKafka } from '../fixture/memory-kafka.ts'
import { MemoryPort } from '../fixture/memory-port.ts'
import type { KafkaRecord } from '../record-batch/kafka-record.ts'
import { type KafkaSinkOptions, sinkOver } from './kafka-sink.ts'

const TOPIC = 'out'
const PARTITIONS = 3
const LANES = 2

const records: SinkRecord<string, number, number>[] = Array.from({ length: 12 }, (_, i) => ({
  value: `${i} größe 😀 ${'x'.repeat(i * 20)}`,
  key: i % 5,
  timestamp: i,
}))

function create(kafka: MemoryKafka, options: Partial<KafkaSinkOptions<string, number, number>>) {
  const given = { brokers: 'memory:1', topic: TOPIC, encode: (value: string) => value, lanes: LANES, ...options }
  return sinkOver<string, number, number>({ ...given, headers: headersOf }, () => new MemoryPort(kafka))
}

/** The place of a record in the input, so that what was written to several partitions can be put in order. */
function headersOf(value: string) {
  return [['number', value.split(' ')[0]]] as const
}

function numberOf(record: KafkaRecord): number {
  return Number(Buffer.from(record.header('number') ?? []).toString())
}

/** What readers of committed records see, in the order of each partition; merged by the numbers, if those go up. */
function read(kafka: MemoryKafka, belongs: (record: KafkaRecord) => boolean): string[] {
  const queues = Array.from({ length: PARTITIONS }, (_, partition) => kafka.committed(TOPIC, partition).filter(belongs))
  const merged: string[] = []
  for (;;) {
    const heads = queues.flatMap((queue) => queue.slice(0, 1))
    const next = heads.toSorted((a, b) => numberOf(a) - numberOf(b))[0]
    if (next === undefined) return merged
    merged.push(next.valueText ?? '')
    queues.find(([head]) => head === next)?.shift()
  }
}

const setup = () => new MemoryKafka({ [TOPIC]: PARTITIONS })

sinkSuite('kafkaSink', { setup, records, create: (kafka) => create(kafka, {}), read: (kafka) => read(kafka, () => true) })

sinkSuite('kafkaSink with small batches', {
  setup,
  records,
  create: (kafka) => create(kafka, { batchBytesMax: 400, bufferBytesMax: 600, compression: 'gzip' }),
  read: (kafka) => read(kafka, () => true),
})

const exactlyOnce = [
  { eager: false, batchBytesMax: 400 },
  { eager: true, batchBytesMax: 400 },
  { eager: true, batchBytesMax: 100_000 },
]

for (const { eager, batchBytesMax } of exactlyOnce) {
  sinkSuite(`kafkaSink with delivery exactly-once, eager ${eager}, batches of ${batchBytesMax} bytes`, {
    setup,
    records,
    delivery: 'exactly-once',
    create: (kafka) => create(kafka, { delivery: 'exactly-once', eager, batchBytesMax }),
    read(kafka, lane) {
      const sink = create(kafka, { delivery: 'exactly-once' })
      return read(kafka, (record) => sink.partitionOf?.('', Number(record.keyText), 0) === lane)
    },
  })
}
