import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { confluentWire, json, type KafkaRecord, kafkaSource, type PayloadDecoder } from '@malstrom/connector-kafka'
import { expect, it } from 'vitest'
import { MemoryKafka } from './fixture/memory-kafka.ts'
import { append, CONTEXT, Collected, memorySource, readTo } from './fixture/memory-topics.ts'

interface Order {
  readonly amount: number
}

async function readAll<V>(kafka: MemoryKafka, decode: (record: KafkaRecord) => V): Promise<V[]> {
  const partition = await memorySource<V>(kafka, { decode, stop: 'latest' }).openPartition('orders/0', undefined, CONTEXT)
  const output = new Collected<V>()
  await readTo(partition, output)
  await partition.close()
  return output.values
}

it('the README shows the job that runs against a real broker', () => {
  const file = readFileSync(new URL('./fixture/spending-job.ts', import.meta.url), 'utf8')
  const [, example] = file.split(/^\/\/ #(?:region.*|endregion)\n/m)
  expect(readFileSync(new URL('../README.md', import.meta.url), 'utf8')).toContain(`\`\`\`ts\n${example}\`\`\`\n`)
})

it('decodes a record as the README does', async () => {
  const decode = (record: KafkaRecord) => ({
    id: record.keyText ?? '',
    order: record.isTombstone ? undefined : json<Order>()(record),
    trace: Buffer.from(record.header('trace') ?? []).toString(),
  })
  const deadLetters: string[] = []
  const source = kafkaSource({
    brokers: ['kafka-1:9092', 'kafka-2:9092'],
    topic: ['orders', 'returns'],
    decode,
    start: { timestamp: new Date('2026-01-01') },
    onUndecodable: (record, error) => deadLetters.push(`${record.topic}/${record.partition}@${record.offset}: ${error}`),
  })
  expect(source.time.compare(1, 2)).toBe(-1)
  const kafka = new MemoryKafka({ orders: 1 })
  append(kafka, 'orders', 0, { key: 'a', value: '{"amount":3}' }, { key: 'b', value: null })
  expect(await readAll(kafka, decode)).toEqual([
    { id: 'a', order: { amount: 3 }, trace: '' },
    { id: 'b', order: undefined, trace: '' },
  ])
})

it('asks a schema registry as the README does', async () => {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    response.end(JSON.stringify({ schema: '"string"' }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const registry = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const decoderFor = (schema: string): PayloadDecoder<string> => {
    return (payload) => `${schema}:${Buffer.from(payload).toString()}`
  }
  const typed = confluentWire(async (schemaId) => {
    const response = await fetch(`${registry}/schemas/ids/${schemaId}`)
    if (!response.ok) throw new Error(`the registry answers ${response.status}`)
    const { schema } = (await response.json()) as { schema: string }
    return decoderFor(schema)
  })
  try {
    const kafka = new MemoryKafka({ orders: 1 })
    const value = (payload: string) => Buffer.concat([Buffer.from([0, 0, 0, 0, 7]), Buffer.from(payload)])
    append(kafka, 'orders', 0, { value: value('x') }, { value: value('y') })
    expect(await readAll(kafka, typed)).toEqual(['"string":x', '"string":y'])
    expect(asked).toEqual(['/schemas/ids/7'])
  } finally {
    server.closeAllConnections()
    server.close()
  }
})
