import { describe, expect, it } from 'vitest'
import { plain } from '../fixture/batches.ts'
import { MemoryKafka } from '../fixture/memory-kafka.ts'
import { append, CONTEXT, Collected, memorySource, readTo } from '../fixture/memory-topics.ts'
import type { KafkaRecord } from '../record-batch/kafka-record.ts'
import { RecordBatchBuilder, type RecordBytes } from '../record-batch/record-batch-builder.ts'
import { confluentWire, type PayloadDecoder } from './confluent-wire.ts'
import { bytes, json, string } from './value-decoders.ts'

function recordOf(value: RecordBytes): KafkaRecord {
  const builder = new RecordBatchBuilder({ bytesMax: 1 })
  builder.append('key', value, 0, [
    ['a', '1'],
    ['b', null],
    ['a', '2'],
  ])
  const records = plain(builder.take())
  records.next()
  return records.record()
}

const wire = (schemaId: number, payload: string) => Buffer.concat([Buffer.from([0, 0, 0, 0, schemaId]), Buffer.from(payload)])

describe('a decoder', () => {
  it('of JSON, of text and of bytes gives the value', () => {
    expect(json<{ a: number }>()(recordOf('{"a":1}'))).toEqual({ a: 1 })
    expect(string()(recordOf('größe 😀'))).toBe('größe 😀')
    expect(string()(recordOf(''))).toBe('')
    expect(bytes()(recordOf(Buffer.from([1, 2])))).toEqual(Uint8Array.of(1, 2))
  })

  it('of bytes copies, so that what is kept is small', () => {
    expect(bytes()(recordOf(Buffer.from([1, 2]))).buffer.byteLength).toBe(2)
  })

  it('refuses a tombstone unless it is told what that stands for', () => {
    expect(() => json()(recordOf(null))).toThrow('it has no value (a tombstone). Say what it stands for: json({ tombstone: ... })')
    expect(json<{ a: number }, undefined>({ tombstone: undefined })(recordOf(null))).toBeUndefined()
    expect(string({ tombstone: null })(recordOf(null))).toBeNull()
    expect(bytes({ tombstone: 'gone' })(recordOf(null))).toBe('gone')
  })

  it('refuses what is no JSON, and what is no UTF-8', () => {
    expect(() => json()(recordOf('{'))).toThrow('not valid JSON')
    expect(() => string()(recordOf(Buffer.from([0xff])))).toThrow('the value is not UTF-8')
    expect(string()(recordOf('\ufffd'))).toBe('\ufffd')
  })

  it('has headers at hand, of which the last of a name counts', () => {
    const record = recordOf('v')
    expect(record.headers.map(({ name, value }) => [name, value === undefined ? undefined : Buffer.from(value).toString()])).toEqual([
      ['a', '1'],
      ['b', undefined],
      ['a', '2'],
    ])
    expect(Buffer.from(record.header('a') as Uint8Array).toString()).toBe('2')
    expect(record.header('c')).toBeUndefined()
  })
})

describe('the wire format of a schema registry', () => {
  const text: PayloadDecoder<string> = (payload) => Buffer.from(payload).toString()

  it('gives the payload to the decoder of its schema, which is made once', () => {
    const asked: number[] = []
    const decode = confluentWire((schemaId) => {
      asked.push(schemaId)
      return (payload) => `${schemaId}:${text(payload)}`
    })
    expect([1, 2, 1].map((id) => decode(recordOf(wire(id, 'x'))))).toEqual(['1:x', '2:x', '1:x'])
    expect(asked).toEqual([1, 2])
  })

  it('refuses what has no id of a schema', () => {
    const decode = confluentWire(() => text)
    expect(() => decode(recordOf('{"a":1}'))).toThrow('it begins with 123, not with 0 and the id of a schema')
    expect(() => decode(recordOf(Buffer.from([0, 0])))).toThrow('it has 2 bytes')
  })

  it('makes the source wait for a schema that is being fetched, and no record is lost or doubled', async () => {
    const kafka = new MemoryKafka({ orders: 1 })
    const ids = [1, 1, 2, 1, 3, 2, 3]
    append(kafka, 'orders', 0, ...ids.map((id, index) => ({ value: wire(id, `${index}`) })))
    const decode = confluentWire(async (schemaId) => {
      await new Promise(setImmediate)
      return (payload: Uint8Array) => `${schemaId}:${text(payload)}`
    })
    const partition = await memorySource(kafka, { decode, stop: 'latest' }).openPartition('orders/0', undefined, CONTEXT)
    const output = new Collected<string>()
    await readTo(partition, output)
    await partition.close()
    expect(output.values).toEqual(['1:0', '1:1', '2:2', '1:3', '3:4', '2:5', '3:6'])
  })

  it('stands before the record that waits, and can be closed meanwhile', async () => {
    const kafka = new MemoryKafka({ orders: 1 })
    append(kafka, 'orders', 0, { value: wire(1, 'a') }, { value: wire(9, 'b') })
    const never = new Promise<PayloadDecoder<string>>(() => {})
    const decode = confluentWire((schemaId) => (schemaId === 9 ? never : text))
    const partition = await memorySource(kafka, { decode, stop: 'latest' }).openPartition('orders/0', undefined, CONTEXT)
    const output = new Collected<string>()
    await readTo(partition, output, 1)
    expect(partition.poll(output, 10)).toBe('idle')
    expect(partition.snapshot()).toEqual({ offset: 1, end: 2 })
    const ready = partition.ready()
    await partition.close()
    await ready
  })

  it('makes the record undecodable if its schema cannot be had, and asks again for the next', async () => {
    const kafka = new MemoryKafka({ orders: 1 })
    append(kafka, 'orders', 0, { value: wire(4, 'a') }, { value: wire(4, 'b') })
    let asked = 0
    const decode = confluentWire<string>(async () => {
      if (++asked === 1) throw new Error('the registry is down')
      return text
    })
    const reasons: string[] = []
    const onUndecodable = (_: KafkaRecord, error: unknown) => reasons.push(String(error))
    const partition = await memorySource(kafka, { decode, stop: 'latest', onUndecodable }).openPartition('orders/0', undefined, CONTEXT)
    const output = new Collected<string>()
    await readTo(partition, output)
    await partition.close()
    expect(output.values).toEqual(['b'])
    expect(reasons).toEqual([expect.stringContaining('no decoder for its schema 4: the registry is down')])
  })
})
