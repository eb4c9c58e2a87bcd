import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { expectSame, number, text, value } from '../fixture/encodable.ts'
import { frameOf, roundTrip, warm } from '../fixture/frames.ts'
import { Layout } from './column-kinds.ts'
import { decodeColumns, encodeColumns } from './columns.ts'
import { FrameDecoder, FrameEncoder } from './frame-codec.ts'

const bid = (i: number) => ({ kind: 'bid', auction: i % 7, price: i * 100 })
const auction = (i: number) => ({ kind: 'auction', id: i, item: `item ${i % 3}`, reserve: i / 2 })

/** Of ordinary objects only. */
function plain<T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) {
  return fc.record(model, { noNullPrototype: true })
}

/** Where the layout of the values stands in a frame. */
const LAYOUT_AT = 8

function encoded(values: readonly unknown[], encoder = new FrameEncoder()): Buffer {
  return Buffer.from(encoder.encode(frameOf(values), 0))
}

function mixture(count: number, ...shapes: ((i: number) => unknown)[]): unknown[] {
  return Array.from({ length: count }, (_, i) => shapes[(i + (i >> 2)) % shapes.length]?.(i))
}

describe('objects of several shapes', () => {
  it('come back as they were, in columns or not (property test)', () => {
    const one = fc.oneof(
      { weight: 8, arbitrary: plain({ kind: fc.constant('bid'), auction: fc.integer(), price: number }) },
      { weight: 8, arbitrary: plain({ kind: fc.constant('auction'), id: text, more: plain({ x: number, y: text }) }) },
      { weight: 4, arbitrary: plain({ price: number, kind: text, auction: value }) },
      { weight: 3, arbitrary: plain({ inner: fc.oneof(plain({ a: number }), plain({ b: text }), fc.constant(null)) }) },
      { weight: 2, arbitrary: fc.constantFrom(null, undefined) },
    )
    const strange = fc.oneof(
      fc.constant({}),
      fc.constant([1, 2]),
      // With the properties of an object, and none.
      fc.constant(Object.assign(Object.create(null), { kind: 'bid', auction: 1, price: 2 })),
      fc.nat(12).map((i) => ({ [`p${i}`]: i })),
      fc.constant({ 0: 'a', 1: 'b' }),
      value,
    )
    const columns = fc.oneof(
      fc.array(one, { minLength: 20, maxLength: 60 }),
      fc.array(fc.oneof({ weight: 60, arbitrary: one }, { weight: 1, arbitrary: strange }), { minLength: 8, maxLength: 60 }),
    )
    const warmed = warm(mixture(100, bid, auction))
    const general = { encoder: new FrameEncoder({ generated: false }), decoder: new FrameDecoder({ generated: false }) }
    let inColumns = 0
    fc.assert(
      fc.property(columns, (values) => {
        for (const { encoder, decoder } of [warmed, general]) {
          expectSame(roundTrip(values, values, encoder, decoder).values, values)
          expectSame(
            decoder.decode(encoder.encode({ ...frameOf(values), start: 2, count: values.length - 2 }, 0), 0).values,
            values.slice(2),
          )
        }
        expectSame(decodeColumns(encodeColumns([values], values.length)), [values])
        if (encoded(values)[LAYOUT_AT] === Layout.shapes) inColumns++
      }),
      { numRuns: 120 },
    )
    expect(inColumns).toBeGreaterThan(20)
  })

  it('are columns whatever their memory holds, from two shapes to eight', () => {
    const shapes = Array.from({ length: 9 }, (_, s) => (i: number) => ({ [`of${s}`]: i, all: i / 2 }))
    for (const { encoder, decoder } of [warm([1]), warm(mixture(100, bid, auction))]) {
      for (const [count, layout] of [
        [1, Layout.objects],
        [2, Layout.shapes],
        [8, Layout.shapes],
        [9, Layout.mixed],
        [3, Layout.shapes],
      ] as const) {
        const values = Array.from({ length: 90 }, (_, i) => shapes[i % count]?.(i))
        expect(encoded(values, encoder)[LAYOUT_AT]).toBe(layout)
        expect(roundTrip(values, undefined, encoder, decoder).values).toEqual(values)
      }
    }
  })

  it('may be absent, and are written value by value when they are few', () => {
    const layoutOf = (values: readonly unknown[]) => encoded(values)[LAYOUT_AT]
    for (const none of [null, undefined]) {
      for (const values of [mixture(20, bid, () => none), mixture(20, () => none, bid, auction)]) {
        expect(layoutOf(values)).toBe(Layout.shapes)
        expectSame(roundTrip(values).values, values)
      }
    }
    expect(layoutOf([bid(1), auction(1), bid(2)])).toBe(Layout.mixed)
    expect(layoutOf(mixture(20, () => null))).toBe(Layout.mixed)
    expect(layoutOf(Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? null : undefined)))).toBe(Layout.mixed)
  })

  it('take less room than value by value', () => {
    const values = mixture(1_000, bid, bid, auction)
    // A row that is no object makes all of them go one by one.
    expect(encoded(values).length).toBeLessThan(encoded([...values, 1n]).length / 2)
  })

  it('come back as plain objects where functions are generated for them', () => {
    const { encoder, decoder } = warm(mixture(200, bid, auction))
    const values = mixture(200, bid, auction, () => null)
    const decoded = roundTrip(values, undefined, encoder, decoder).values
    expect(decoded).toEqual(values)
    for (const one of decoded) if (one !== null) expect(Object.getPrototypeOf(one)).toBe(Object.prototype)
  })

  it('have a format that stays', () => {
    const values = mixture(9, bid, auction)
    const expected = [
      encoded(values).toString('hex'),
      encoded(values, warm(values).encoder).toString('hex'),
      // What came before does not number the shapes.
      encoded(values, warm(mixture(9, () => ({ other: 1 }), auction, bid)).encoder).toString('hex'),
    ]
    expect(expected[0]).toMatchSnapshot()
    expect(expected[1]).toMatchSnapshot()
    expect(expected[2]?.length).toBe(expected[0]?.length)
    expect(expected[2]?.slice(0, 56)).toBe(expected[0]?.slice(0, 56))
  })

  it('are refused when their bytes say what no encoder writes', () => {
    const bytes = encoded(mixture(16, bid, auction))
    const refused = (at: number, ...changed: number[]) => {
      const damaged = Buffer.from(bytes)
      damaged.set(changed, at)
      expect(() => new FrameDecoder().decode(damaged, 0)).toThrow(expect.objectContaining({ code: 'ERR_DATA_CORRUPT' }))
    }
    expect([...bytes.subarray(LAYOUT_AT, LAYOUT_AT + 8)]).toEqual([Layout.shapes, 2, 0, 0, 0, 0, 0, 0])
    for (const size of [0, 1, 3, 8, 9, 255]) refused(LAYOUT_AT + 1, size)
    const rows = LAYOUT_AT + 8
    refused(rows, 2)
    refused(rows, ...new Array(16).fill(0))
    refused(rows, ...new Array(16).fill(1))
    for (let length = 0; length < bytes.length; length++) {
      expect(() => new FrameDecoder().decode(bytes.subarray(0, length), 0)).toThrow(expect.objectContaining({ code: 'ERR_DATA_CORRUPT' }))
    }
  })

  it('nest without end and are refused before the stack is full', () => {
    const rows = 200
    const bytes = new Uint8Array(400_000)
    const view = new DataView(bytes.buffer)
    view.setUint32(0, 0xa2 | (2 << 8), true)
    view.setUint32(4, rows, true)
    let at = 8
    for (let left = rows; left > 1; left--) {
      view.setUint32(at, Layout.shapes | (2 << 8), true)
      // The last row is of the second shape, and all others are such a column again.
      bytes[at + 8 + left - 1] = 1
      at = (at + 8 + left + 7) & ~7
    }
    expect(() => new FrameDecoder().decode(bytes, 0)).toThrow(
      expect.objectContaining({ message: expect.stringContaining('nested too deep') }),
    )
  })

  it('that cannot be encoded are refused with their place, and what comes after is not affected', () => {
    const { encoder } = warm(mixture(20, bid, auction))
    const bad = [...mixture(20, bid, auction), { kind: 'bid', auction: () => 1, price: 1 }]
    expect(() => encoder.encode(frameOf(bad), 0)).toThrow(
      expect.objectContaining({ code: 'ERR_VALUE_NOT_ENCODABLE', message: expect.stringContaining('values[20].auction is a function') }),
    )
    const values = mixture(20, auction, bid)
    expect(roundTrip(values, undefined, encoder).values).toEqual(values)
  })
})
