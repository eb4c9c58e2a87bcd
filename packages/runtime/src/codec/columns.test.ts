import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { column, expectSame, value } from '../fixture/encodable.ts'
import { decodeColumns, decodeValue, encodeColumns, encodeValue } from './columns.ts'
import { copyValue } from './copy-value.ts'

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
