import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeColumns, decodeValue, encodeColumns, encodeValue } from './columns.ts'
import { copyValue } from './copy-value.ts'

const number = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.constantFrom(0, -0, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31, -(2 ** 31), 2 ** 31 - 1, 2 ** 53),
)
const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('', 'é', 'Ā', '\ud800', 'a\udfff', '__proto__', 'constructor'),
)
const bigint = fc.oneof(fc.bigInt(), fc.constantFrom(0n, -1n, 2n ** 64n, -(2n ** 200n)))
const primitive = fc.oneof(number, text, bigint, fc.boolean(), fc.constant(null), fc.constant(undefined))
const bytes = fc.oneof(
  fc.uint8Array(),
  fc.float64Array(),
  fc.int16Array(),
  fc.bigInt64Array(),
  fc.uint8Array().map((array) => array.slice().buffer as ArrayBuffer),
  fc.uint8Array().map((array) => new DataView(array.slice().buffer)),
)
const { value } = fc.letrec<{ value: unknown; object: object }>((tie) => ({
  object: fc.array(fc.tuple(text, tie('value')), { maxLength: 4 }).map((entries) => {
    const object: Record<string, unknown> = {}
    for (const [name, property] of entries)
      Object.defineProperty(object, name, { value: property, writable: true, enumerable: true, configurable: true })
    return object
  }),
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    primitive,
    fc.date({ noInvalidDate: true }),
    bytes,
    fc.array(tie('value'), { maxLength: 4 }),
    tie('object'),
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 3 }).map((entries) => new Map(entries)),
    fc.array(tie('value'), { maxLength: 3 }).map((elements) => new Set(elements)),
    // biome-ignore lint/suspicious/noSparseArray: an array with a hole is what is tested
    fc.constant([1, , 3]),
    fc.constant(Object.assign(Object.create(null), { bare: 1 })),
  ),
}))
/** Columns of one kind of value each, and mixed ones. */
const column = fc.oneof(
  ...[number, fc.integer(), text, fc.string(), fc.boolean(), fc.constant(undefined), value, bigint].map((element) => fc.array(element)),
  fc.array(fc.record({ count: fc.integer(), name: text, more: value })),
  fc.array(fc.array(number, { maxLength: 3 })),
  fc.array(fc.tuple(text, fc.integer())),
)

/** Equal in every respect that users could see, the order of properties and entries included. */
function expectSame(actual: unknown, expected: unknown): void {
  expect(isDeepStrictEqual(actual, expected)).toBe(true)
  expect(orderOf(actual)).toEqual(orderOf(expected))
}

function orderOf(of: unknown): unknown {
  if (of instanceof Map) return [...of].flat().map(orderOf)
  if (of instanceof Set) return [...of].map(orderOf)
  if (Array.isArray(of)) return of.map(orderOf)
  if (typeof of === 'object' && of !== null && !ArrayBuffer.isView(of)) return Object.entries(of).map(([name, p]) => [name, orderOf(p)])
  return Object.is(of, -0) ? 'minus zero' : typeof of
}

describe('encodeColumns', () => {
  it('gives back what it was given (property test)', () => {
    fc.assert(
      fc.property(fc.array(column, { minLength: 1, maxLength: 3 }), (columns) => {
        const count = Math.min(...columns.map(({ length }) => length))
        const same = columns.map((values) => values.slice(0, count))
        expectSame(decodeColumns(encodeColumns(columns, count)), same)
      }),
      { numRuns: 500 },
    )
  })

  it('has a format that stays', () => {
    const columns = [
      [1, -2],
      ['a', 'é'],
      [{ x: 1.5 }, { x: -0 }],
      [undefined, undefined],
      [[1], []],
      [null, 3n],
    ]
    expect(Buffer.from(encodeColumns(columns, 2)).toString('hex')).toMatchInlineSnapshot(
      `"a206000002000000020000000000000001000000feffffff0501000002000000010161e9000000000701000010000000050100000100000001780000000000000300000000000000000000000000f83f000000000000008001000000000000000000000000000000080100000100000001000000000000000200000000000000010000000000000000000000000000000108000103000000"`,
    )
  })

  it('says where what it cannot encode lies', () => {
    class Account {}
    const cyclic: unknown[] = []
    cyclic.push(cyclic)
    for (const [bad, place] of [
      [{ orders: [{ callback: () => 1 }] }, 'columns[1][2].orders[0].callback is a function'],
      [new Map([['a', Symbol('s')]]), 'columns[1][2].entry(0) is a symbol'],
      [new Account(), 'columns[1][2] is a Account, and of objects only plain ones'],
      [cyclic, 'is nested more than 200 deep, or contains itself'],
    ] as const) {
      expect(() =>
        encodeColumns(
          [
            ['a', 'b', 'c'],
            [1, {}, bad],
          ],
          3,
        ),
      ).toThrow(expect.objectContaining({ code: 'ERR_VALUE_NOT_ENCODABLE', message: expect.stringContaining(place) }))
      expect(() => copyValue(bad)).toThrow(expect.objectContaining({ code: 'ERR_VALUE_NOT_ENCODABLE' }))
      // What comes after is not affected.
      expect(decodeValue(encodeValue('next'))).toBe('next')
    }
  })

  it('answers damaged bytes with ERR_DATA_CORRUPT or with values, never with anything else (fuzz test)', () => {
    const decode = (damaged: Uint8Array) => {
      try {
        decodeColumns(damaged)
      } catch (error) {
        expect(error).toMatchObject({ code: 'ERR_DATA_CORRUPT' })
      }
    }
    fc.assert(
      fc.property(fc.array(column, { minLength: 1, maxLength: 3 }), fc.infiniteStream(fc.nat()), (columns, random) => {
        const encoded = encodeColumns(columns, Math.min(...columns.map(({ length }) => length)))
        for (let length = 0; length < encoded.length; length += 1 + (encoded.length >> 5)) {
          expect(() => decodeColumns(encoded.subarray(0, length))).toThrow(expect.objectContaining({ code: 'ERR_DATA_CORRUPT' }))
        }
        for (let flips = 0; flips < 20; flips++) {
          const damaged = encoded.slice()
          damaged[random.next().value % encoded.length] = random.next().value & 255
          decode(damaged)
        }
      }),
      { numRuns: 300 },
    )
  })
})

describe('encodeValue and copyValue', () => {
  it('give back what they were given (property test)', () => {
    fc.assert(
      fc.property(value, (original) => {
        expectSame(decodeValue(encodeValue(original)), original)
        expectSame(copyValue(original), original)
      }),
      { numRuns: 500 },
    )
  })

  it('keep a date that is none', () => {
    // Apart, because Node does not take two of them for equal.
    for (const again of [decodeValue(encodeValue(new Date(Number.NaN))), copyValue(new Date(Number.NaN))]) {
      expect(again).toBeInstanceOf(Date)
      expect((again as Date).getTime()).toBeNaN()
    }
  })

  it('copy everything that could change', () => {
    const original = { list: [1], map: new Map([['a', { n: 1 }]]), set: new Set([1]), at: new Date(5), bytes: new Uint8Array([1]) }
    const copied = copyValue(original)
    original.list.push(2)
    ;(original.map.get('a') as { n: number }).n = 2
    original.set.add(2)
    original.at.setTime(6)
    original.bytes[0] = 9
    expect(copied).toEqual({ list: [1], map: new Map([['a', { n: 1 }]]), set: new Set([1]), at: new Date(5), bytes: new Uint8Array([1]) })
  })
})
