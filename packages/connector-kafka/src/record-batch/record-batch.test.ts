import { createRequire } from 'node:module'
import { MalstromError } from '@malstrom/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { UnsealedBatch } from '../client/kafka-port.ts'
import { batchesAt, type GivenRecord, plain, readAll, recordsToBatch } from '../fixture/batches.ts'
import { FetchedRecords } from './fetched-records.ts'
import { RecordBatchBuilder } from './record-batch-builder.ts'
import { sealBatch } from './seal-batch.ts'

const require = createRequire(import.meta.url)
const KafkajsDecoder = require('kafkajs/src/protocol/decoder')
const kafkajsDecode: (
  decoder: unknown,
) => Promise<{ records: readonly KafkajsRecord[] }> = require('kafkajs/src/protocol/recordBatch/v0/decoder')

interface KafkajsRecord {
  readonly offset: string
  readonly timestamp: string
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: Readonly<Record<string, unknown>>
}

const bytes = fc.option(fc.uint8Array({ maxLength: 300 }), { nil: undefined })
const timestamp = fc.oneof(fc.constantFrom(-1, 0, 1_700_000_000_000), fc.integer({ min: -1, max: 8.64e15 }))
const record: fc.Arbitrary<GivenRecord> = fc.record({
  key: bytes,
  value: bytes,
  timestamp,
  headers: fc.array(fc.tuple(fc.string(), bytes), { maxLength: 3 }),
})
const records = fc.array(record, { minLength: 1, maxLength: 40 })
const compression = fc.constantFrom('none' as const, 'gzip' as const, 'snappy' as const, 'lz4' as const)

describe('a batch', () => {
  it('is read as it was written, whatever its records and its compression', () => {
    fc.assert(
      fc.property(records, compression, fc.nat(2 ** 40), (given, compressed, offset) => {
        const batch = recordsToBatch(given, compressed)
        const read = readAll(batchesAt([{ batch, offset }]), 0)
        expect(read).toEqual(given.map((one, i) => ({ ...one, offset: offset + i })))
      }),
      { numRuns: 300 },
    )
  })

  it('is read by kafkajs as it was written', async () => {
    await fc.assert(
      fc.asyncProperty(records, fc.constantFrom('none' as const, 'gzip' as const), async (given, compressed) => {
        const { batches } = batchesAt([{ batch: recordsToBatch(given, compressed), offset: 7 }])
        const decoded = await kafkajsDecode(new KafkajsDecoder(Buffer.from(batches)))
        const read = decoded.records.map(({ offset, timestamp: at, key, value }) => ({
          offset: Number(offset),
          timestamp: Number(at),
          key,
          value,
        }))
        const expected = given.map(({ key, value, timestamp: at }, i) => ({
          offset: 7 + i,
          timestamp: at,
          key: key === undefined ? null : Buffer.from(key),
          value: value === undefined ? null : Buffer.from(value),
        }))
        expect(read).toEqual(expected)
      }),
      { numRuns: 100 },
    )
  })

  it('has the bytes that kafkajs gives it', () => {
    const builder = new RecordBatchBuilder({ bytesMax: 1000 })
    builder.append('key', '{"a":1}', 1_700_000_000_000, [['trace', 'x']])
    builder.append(null, undefined, 1_700_000_000_005)
    const sealed = Buffer.from(builder.take().bytes)
    sealBatch(sealed, { id: 4000n, epoch: 2, sequence: 17 })
    // Made by kafkajs 2.2.4, protocol/recordBatch/v0, but for the leader epoch: -1, as Kafka's own producer sends it.
    expect(sealed.toString('hex')).toBe(GOLDEN)
  })

  it('is full at its bound, and the record that did not fit comes into the next', () => {
    const builder = new RecordBatchBuilder({ bytesMax: 1000 })
    const value = new Uint8Array(200)
    let count = 0
    while (builder.append(undefined, value, 0)) count++
    expect(count).toBe(4)
    const first = builder.take()
    expect(first.count).toBe(4)
    expect(first.bytes.length).toBeLessThanOrEqual(1000)
    expect(builder.count).toBe(0)
    expect(builder.append(undefined, value, 0)).toBe(true)
    expect(builder.take().count).toBe(1)
  })

  it('takes a first record of any size, and text as UTF-8', () => {
    const builder = new RecordBatchBuilder({ bytesMax: 1000 })
    const value = '€'.repeat(50_000)
    expect(builder.append('ü', value, 5)).toBe(true)
    const read = plain(builder.take())
    expect(read.next()).toBe(true)
    expect(read.record().valueText).toBe(value)
    expect(read.record().keyText).toBe('ü')
    expect(read.next()).toBe(false)
  })

  it('may be sealed again for another producer, or for none', () => {
    const { bytes: unsealed } = recordsToBatch([{ key: undefined, value: new Uint8Array(3), timestamp: 0, headers: [] }])
    const twice = Buffer.from(unsealed)
    sealBatch(twice, { id: 1n, epoch: 1, sequence: 1 })
    sealBatch(twice, undefined)
    const once = Buffer.from(unsealed)
    sealBatch(once, undefined)
    expect(twice).toEqual(once)
  })
})

describe('the reader', () => {
  const twoBatches = batchesAt([
    { batch: recordsToBatch(numbered(5)), offset: 10 },
    { batch: recordsToBatch(numbered(5), 'lz4'), offset: 20 },
  ])

  it('leaves out what is before the wanted offset, and stands after what it gave', () => {
    const reader = new FetchedRecords(twoBatches, 13)
    expect(reader.position).toBe(13)
    expect(reader.next()).toBe(true)
    expect(reader.record().offset).toBe(13)
    expect(reader.position).toBe(14)
    expect(reader.next()).toBe(true)
    expect(reader.next()).toBe(true)
    expect(reader.record().offset).toBe(20)
    expect(readAll(twoBatches, 13).map(({ offset }) => offset)).toEqual([13, 14, 20, 21, 22, 23, 24])
    expect(reader.end).toBe(25)
  })

  it('gives what is whole of bytes that were cut anywhere, and goes on there', () => {
    const { batches } = twoBatches
    const firstBytes = batchesAt([{ batch: recordsToBatch(numbered(5)), offset: 10 }]).batches.length
    for (let length = 0; length <= batches.length; length++) {
      const cut = { ...twoBatches, batches: batches.subarray(0, length) }
      const expected = length === batches.length ? 10 : length >= firstBytes ? 5 : 0
      expect(readAll(cut, 10).length).toBe(expected)
      expect(new FetchedRecords(cut, 10).end).toBe([10, 15, 25][expected / 5])
    }
  })

  it('goes over batches whose records were compacted away', () => {
    const empty = recordsToBatch(numbered(4))
    const fetched = batchesAt([{ batch: withoutRecords(empty), offset: 30 }])
    const reader = new FetchedRecords(fetched, 30)
    expect(reader.end).toBe(34)
    expect(reader.next()).toBe(false)
    expect(reader.position).toBe(34)
  })

  it('takes the timestamp of the broker where the topic says so', () => {
    const { batches } = twoBatches
    const bytesOfBroker = Buffer.from(batches)
    bytesOfBroker.writeInt16BE(1 << 3, 21)
    bytesOfBroker.writeBigInt64BE(99n, 35)
    sealBatch(bytesOfBroker.subarray(0, bytesOfBroker.readInt32BE(8) + 12), undefined)
    expect(readAll({ ...twoBatches, batches: bytesOfBroker }, 10)[0]?.timestamp).toBe(99)
  })

  it('refuses any change of a byte, by the checksum or before it', () => {
    const { batches } = twoBatches
    // Not covered: the base offset, which the broker sets, the length and the leader epoch.
    fc.assert(
      fc.property(fc.integer({ min: 16, max: batches.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = Buffer.from(batches)
        const secondStart = changed.readInt32BE(8) + 12
        fc.pre(at < secondStart || at >= secondStart + 16)
        changed[at] = (changed[at] as number) ^ change
        expect(() => readAll({ ...twoBatches, batches: changed }, 10)).toThrow(
          expect.objectContaining({ code: 'ERR_DATA_CORRUPT', message: expect.stringContaining('orders/3') }),
        )
      }),
      { numRuns: 500 },
    )
  })

  it('ends with an error, or with records that are there, on changed bytes whose checksum is right', () => {
    fc.assert(
      fc.property(compression, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 8 }), (compressed, changes) => {
        const batch = recordsToBatch(numbered(20), compressed)
        const { batches } = batchesAt([{ batch, offset: 0 }])
        const changed = Buffer.from(batches)
        for (const [place, byte] of changes) changed[21 + (place % (changed.length - 21))] = byte
        reseal(changed)
        try {
          expect(readAll({ ...twoBatches, batches: changed }, 0).length).toBeLessThanOrEqual(changed.length)
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(MalstromError)
        }
      }),
      { numRuns: 1_000 },
    )
  })

  it('ends on noise', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => {
        const withMagic = Buffer.from(noise)
        if (noise.length > 17) {
          withMagic.fill(0, 0, 10)
          withMagic[16] = 2
        }
        try {
          expect(readAll({ ...twoBatches, batches: withMagic }, 0)).toEqual([])
        } catch (thrown) {
          expect(thrown).toMatchObject({ code: 'ERR_DATA_CORRUPT' })
        }
      }),
      { numRuns: 500 },
    )
  })

  it('reads a batch of very many records, at which kafkajs overflows the stack', () => {
    const tiny = { key: undefined, value: new Uint8Array(), timestamp: 0, headers: [] }
    const records = plain(recordsToBatch(new Array(200_000).fill(tiny)))
    let count = 0
    while (records.next()) count++
    expect(count).toBe(200_000)
  })

  it('says which formats it reads', () => {
    const old = Buffer.from(twoBatches.batches)
    old[16] = 1
    expect(() => readAll({ ...twoBatches, batches: old }, 0)).toThrow('it has the format 1, and only 2 (Kafka 0.11 and later) can be read')
  })
})

function numbered(count: number): GivenRecord[] {
  return Array.from({ length: count }, (_, i) => ({
    key: Buffer.from([i]),
    value: Buffer.from(`value ${i}`),
    timestamp: 1000 + i,
    headers: [],
  }))
}

/** As the log cleaner leaves a batch whose records are all superseded: the header keeps the last offset. */
function withoutRecords({ bytes }: UnsealedBatch): UnsealedBatch {
  const header = Buffer.from(bytes.subarray(0, 61))
  header.writeInt32BE(61 - 12, 8)
  header.writeInt32BE(0, 57)
  return { bytes: header, count: 0 }
}

function reseal(batch: Buffer): void {
  sealBatch(batch, batch.readInt16BE(21) & (1 << 4) ? { id: 0n, epoch: 0, sequence: 0 } : undefined)
}

const GOLDEN =
  '000000000000000000000051ffffffff027599c1230010000000010000018bcfe568000000018bcfe568050000000000000fa00002000000110000000230000000066b65790e7b2261223a317d020a747261636502780c000a02010100'
