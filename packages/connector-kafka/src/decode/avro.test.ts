import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { kafkaSink, toConfluentWire } from '@malstrom/connector-kafka'
import avro from 'avsc'
import { afterEach, beforeEach, describe, expect, expectTypeOf, it } from 'vitest'
import { avroOrders, encodeOrder, fromOrders, type Order, registerOrders, toOrders } from '../fixture/avro-schemas.ts'
import { MemoryKafka } from '../fixture/memory-kafka.ts'
import { MemoryPort } from '../fixture/memory-port.ts'
import { append, CONTEXT, Collected, memorySource, readTo } from '../fixture/memory-topics.ts'
import { sinkOver } from '../sink/kafka-sink.ts'

/** What a schema registry does, as far as it is used here. */
class Registry {
  readonly schemas: string[] = []
  asked = 0
  readonly server: Server = createServer(async (request, response) => {
    this.asked++
    const [, id] = /^\/schemas\/ids\/(\d+)$/.exec(request.url ?? '') ?? []
    if (id !== undefined) {
      const schema = this.schemas[Number(id) - 1]
      response.statusCode = schema === undefined ? 404 : 200
      response.end(JSON.stringify({ schema }))
      return
    }
    let body = ''
    for await (const chunk of request) body += chunk
    response.end(JSON.stringify({ id: this.register((JSON.parse(body) as { schema: string }).schema) }))
  })

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  register(schema: string): number {
    const known = this.schemas.indexOf(schema)
    return known >= 0 ? known + 1 : this.schemas.push(schema)
  }
}

const OLD = avro.Type.forSchema({ type: 'record', name: 'Order', fields: [{ name: 'customer', type: 'string' }] })

describe('orders in Avro with a schema registry', () => {
  let registry: Registry

  beforeEach(async () => {
    registry = new Registry()
    registry.server.listen(0, '127.0.0.1')
    await once(registry.server, 'listening')
  })
  afterEach(() => {
    registry.server.closeAllConnections()
    registry.server.close()
  })

  async function readAll(kafka: MemoryKafka, onUndecodable?: (record: unknown, error: unknown) => void): Promise<Order[]> {
    const options = { decode: avroOrders(registry.url), stop: 'latest', ...(onUndecodable === undefined ? {} : { onUndecodable }) } as const
    const partition = await memorySource<Order>(kafka, options).openPartition('orders/0', undefined, CONTEXT)
    const output = new Collected<Order>()
    await readTo(partition, output)
    await partition.close()
    return output.values
  }

  it('are read as they were written, with one question for each schema', async () => {
    const kafka = new MemoryKafka({ orders: 1 })
    registry.register(JSON.stringify('string')) // Another one, so that ids differ from positions.
    const schemaId = await registerOrders(registry.url)
    expect(schemaId).toBe(2)
    const encode = encodeOrder(schemaId)
    const sink = sinkOver<Order, undefined, number>({ brokers: 'memory:1', topic: 'orders', encode }, () => new MemoryPort(kafka))
    const partition = await sink.openPartition(sink.partitionOf?.({ customer: '', amount: 0 }, undefined, 0) ?? 'all', undefined, CONTEXT)
    const orders = Array.from({ length: 50 }, (_, i) => ({ customer: `größe ${i}`, amount: i / 3 }))
    for (const order of orders) partition.write(order, undefined, 0)
    await partition.flush()
    await partition.close()
    registry.asked = 0
    expect(await readAll(kafka)).toStrictEqual(orders)
    expect(registry.asked).toBe(1)
  })

  it('are read also if they were written with an older version of the schema', async () => {
    const kafka = new MemoryKafka({ orders: 1 })
    const encode = toConfluentWire(registry.register(JSON.stringify(OLD.schema())), (order: { customer: string }) => OLD.toBuffer(order))
    append(
      kafka,
      'orders',
      0,
      { value: encode({ customer: 'ann' }, undefined, 0) },
      { value: encodeOrder(await registerOrders(registry.url))({ customer: 'bob', amount: 5 }, undefined, 0) },
    )
    expect(await readAll(kafka)).toStrictEqual([
      { customer: 'ann', amount: 0 },
      { customer: 'bob', amount: 5 },
    ])
  })

  it('are undecodable if their schema is unknown or fits none that is read, or if bytes are missing', async () => {
    const kafka = new MemoryKafka({ orders: 1 })
    const good = encodeOrder(await registerOrders(registry.url))({ customer: 'ann', amount: 1 }, undefined, 0) as Uint8Array
    const foreign = toConfluentWire(registry.register(JSON.stringify('string')), () => avro.Type.forSchema('string').toBuffer('x'))
    const unknown = toConfluentWire(99, () => new Uint8Array())
    append(kafka, 'orders', 0, ...[unknown(0, 0, 0), foreign(0, 0, 0), good.subarray(0, -1), good].map((value) => ({ value })))
    const reasons: string[] = []
    const orders = await readAll(kafka, (_record, error) => reasons.push(String(error)))
    expect(orders.map(({ customer }) => customer)).toEqual(['ann'])
    expect(reasons).toEqual([
      expect.stringContaining('no decoder for its schema 99: the registry answers 404'),
      expect.stringContaining('no decoder for its schema 2: '),
      expect.stringContaining('truncated buffer'),
    ])
  })
})

describe('the wire format of a schema registry, written', () => {
  it('has a zero byte, the id and the payload; a tombstone has nothing', () => {
    const encode = toConfluentWire(0x01020304, (value: number | undefined) => (value === undefined ? undefined : Uint8Array.of(value)))
    expect(encode(7, undefined, 0)).toEqual(Uint8Array.of(0, 1, 2, 3, 4, 7))
    expect(encode(undefined, undefined, 0)).toBeNull()
  })

  it.each([-1, 1.5, 2 ** 31, Number.NaN, '7', undefined])('refuses the id %s', (id) => {
    expect(() => toConfluentWire(id as number, () => null)).toThrow(expect.objectContaining({ code: 'ERR_OPERATOR_ARGUMENT' }))
  })

  it('goes into a source and a sink, with the types of its records', () => {
    expect(fromOrders('memory:1', 'http://localhost').openPartition).toBeTypeOf('function')
    expect(toOrders('memory:1', 1).openPartition).toBeTypeOf('function')
    expectTypeOf(kafkaSink({ brokers: 'b:1', topic: 't', encode: encodeOrder(1) }).partitionOf)
      .parameter(0)
      .toEqualTypeOf<Order>()
  })
})
