import type { Link } from '@malstrom/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FrameDecoder, FrameEncoder } from '../codec/frame-codec.ts'
import { expectSame, value } from '../fixture/encodable.ts'
import { ExchangeLink } from './exchange-link.ts'
import type { Frame } from './frame.ts'

function exchangeOver(link: Link, keyed: boolean): ExchangeLink {
  return new ExchangeLink({
    keyed,
    encoder: new FrameEncoder(),
    decoder: new FrameDecoder(),
    open: () => link,
    arrived: () => {},
    wake: () => {},
    failed: (error) => {
      throw error
    },
  })
}

/** Two ends of one link in memory. What was received is overwritten with the next `receive`, as a transport may do. */
function linked(keyed: boolean): [ExchangeLink, ExchangeLink] {
  const queues: Uint8Array[][] = [[], []]
  const endOf = (own: number): ExchangeLink => {
    let lent: Uint8Array = new Uint8Array(0)
    const link: Link = {
      send: (frame) => void queues[1 - own]?.push(frame.slice()),
      receive: () => {
        lent.fill(255)
        const next = queues[own]?.shift()
        if (next !== undefined) lent = next
        return next
      },
      queuedBytes: 0,
    }
    return exchangeOver(link, keyed)
  }
  return [endOf(0), endOf(1)]
}

interface Row {
  readonly value: unknown
  readonly key: unknown
  readonly timestamp: unknown
}

function rowsOf({ values, keys, timestamps, start, count }: Frame): Row[] {
  return Array.from({ length: count }, (_, i) => ({ value: values[start + i], key: keys?.[i], timestamp: timestamps[i] }))
}

const numberOr = (other: fc.Arbitrary<unknown>) =>
  fc.oneof({ weight: 8, arbitrary: fc.oneof(fc.double(), fc.integer()) }, { weight: 1, arbitrary: other })
const row = fc.record({ value: numberOr(value), key: numberOr(fc.string()), timestamp: numberOr(fc.bigInt()) }, { noNullPrototype: true })

describe('an exchange link', () => {
  it('brings every record as it was, while columns of numbers become others (property test)', () => {
    fc.assert(
      fc.property(fc.boolean(), fc.array(fc.array(row, { maxLength: 30 }), { maxLength: 12 }), (keyed, frames) => {
        const [from, to] = linked(keyed)
        const arrived: Row[] = []
        for (const rows of frames) {
          for (const each of rows) from.columns.add(each.value, each.key, each.timestamp)
          from.close()
        }
        to.receive()
        for (let item = to.take(); item !== undefined; item = to.take()) {
          expect('count' in item).toBe(true)
          arrived.push(...rowsOf(item as Frame))
        }
        const sent = frames.flat().map((each) => (keyed ? each : { ...each, key: undefined }))
        expectSame(arrived, sent)
      }),
      { numRuns: 200 },
    )
  })

  it('lends a frame until the next one is taken, whatever arrives meanwhile', () => {
    const [from, to] = linked(true)
    const send = (first: number) => {
      for (let i = 0; i < 500; i++) from.columns.add(first + i, i % 7, i)
      from.close()
    }
    send(0)
    to.receive()
    const frame = to.take() as Frame
    for (let first = 1; first < 40; first++) send(first * 1_000)
    to.receive()
    expect(rowsOf(frame)).toEqual(Array.from({ length: 500 }, (_, i) => ({ value: i, key: i % 7, timestamp: i })))
    for (let first = 1; first < 40; first++) expect(rowsOf(to.take() as Frame)[499]?.value).toBe(first * 1_000 + 499)
    expect(to.take()).toBeUndefined()
  })

  it('refuses a damaged frame when it is taken', () => {
    const damaged = [new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0, 9, 9])]
    const link = exchangeOver({ send: () => {}, receive: () => damaged.pop(), queuedBytes: 0 }, false)
    link.receive()
    expect(() => link.take()).toThrow(expect.objectContaining({ code: 'ERR_DATA_CORRUPT' }))
  })
})
