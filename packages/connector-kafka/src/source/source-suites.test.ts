import { type SourceRecord, sourceSuite } from '@malstrom/testing'
import { MemoryKafka } from '../fixture/memory-kafka.ts'
import { append, memorySource } from '../fixture/memory-topics.ts'

interface Order {
  readonly id: number
}

const orders = Array.from({ length: 30 }, (_, id): SourceRecord<Order, number> => ({ value: { id }, timestamp: 5_000 + id * 7 }))
const few: readonly SourceRecord<Order, number>[] = [{ value: { id: 100 }, timestamp: -1 }]

/** Two partitions with records, in batches of several and between aborted transactions, and one without. */
function cluster(): MemoryKafka {
  const kafka = new MemoryKafka({ orders: 3 })
  for (let first = 0; first < orders.length; first += 4) {
    append(kafka, 'orders', 0, ...orders.slice(first, first + 4).map(written))
    abort(kafka)
  }
  append(kafka, 'orders', 2, ...few.map(written))
  return kafka
}

function abort(kafka: MemoryKafka): void {
  const producer = kafka.initProducerId('writer')
  const log = kafka.log('orders', 0)
  if (log === undefined) throw new Error('no such partition')
  kafka.addPartition('writer', producer, log)
  const aborted = new MemoryKafka({ orders: 1 })
  append(aborted, 'orders', 0, { value: '{"id":-1}', key: Buffer.alloc(4) })
  const bytes = aborted.fetch('orders', 0, 0, 'committed', 1_000).batches
  kafka.append(log, { bytes, count: 1 }, { ...producer, transactionalId: 'writer', sequence: 0 })
  kafka.endTxn('writer', producer, false)
}

const written = ({ value, timestamp }: SourceRecord<Order, number>) => ({ value: JSON.stringify(value), timestamp })

const expected = [
  { partition: 'orders/0', records: orders },
  { partition: 'orders/1', records: [] },
  { partition: 'orders/2', records: few },
]

let appended = 1_000
sourceSuite('kafkaSource', {
  setup: cluster,
  create: (kafka) => memorySource<Order>(kafka),
  expected,
  finishes: false,
  append(kafka, partition) {
    const record = { value: { id: ++appended }, timestamp: appended }
    append(kafka, 'orders', Number(partition.split('/')[1]), written(record))
    return record
  },
})

sourceSuite('kafkaSource that stops at the end', {
  setup: cluster,
  create: (kafka) => memorySource<Order>(kafka, { stop: 'latest' }),
  expected,
})
