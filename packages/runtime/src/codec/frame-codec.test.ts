import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { column, expectSame, number, text, value } from '../fixture/encodable.ts'
import { frameOf, roundTrip, warm } from '../fixture/frames.ts'
import { BlockPool } from './byte-block.ts'
import { FrameDecoder, FrameEncoder } from './frame-codec.ts'

const samples: readonly unknown[] = [
  undefined,
  null,
  true,
  0,
  -0,
  Number.NaN,
  1.5,
  2 ** 31,
  'text',
  '',
  '\ud800',
  '日本',
  12n ** 40n,
  new Date(5),
  [],
  // biome-ignore lint/suspicious/noSparseArray: an array with a hole is what is tested
  [1, , undefined],
  {},
  { a: { b: [new Map([[{ c: 1 }, new Set([[2]])]])] } },
  Object.assign(Object.create(null), { bare: 1 }),
  new Map<unknown, unknown>([[Number.NaN, undefined]]),
  new Set([null, -1]),
  new Uint8Array([1, 2]),
  new Float64Array([Number.NaN, -0]),
  new BigInt64Array([-5n]),
  new DataView(new ArrayBuffer(3)),
  new Uint16Array([7]).buffer,
]

const places: Readonly<Record<string, (sample: unknown) => unknown>> = {
  itself: (sample) => sample,
  'a property': (sample) => ({ id: 1, sample, after: 'x' }),
  'a property of a property': (sample) => ({ inner: { sample } }),
  'an element': (sample) => [sample, 1, sample],
  'an element of a tuple': (sample) => ['left', [sample]],
  'an entry': (sample) => new Map([[sample, sample]]),
  'an element of a set': (sample) => new Set([sample]),
}

describe('frames as bytes', () => {
  it('come back as they were (property test)', () => {
    const encoder = new FrameEncoder()
    const decoder = new FrameDecoder()
    fc.assert(
      fc.property(column, column, column, fc.nat(40), fc.nat(3), fc.boolean(), (values, keys, timestamps, headroom, start, keyed) => {
        const count = Math.min(values.length - start, keys.length, timestamps.length)
        const from = Math.min(1, count)
        if (count < 0) return
        const bytes = encoder.encode({ values, start, keys: keyed ? keys : undefined, timestamps, from, count }, headroom)
        const decoded = decoder.decode(bytes, headroom)
        expect(decoded.count).toBe(count - from)
        expectSame(decoded.values, values.slice(start + from, start + count))
        expectSame(decoded.timestamps, timestamps.slice(from, count))
        if (keyed) expectSame(decoded.keys, keys.slice(from, count))
        else expect(decoded.keys).toBeUndefined()
      }),
      { numRuns: 500 },
    )
  })

  it('are made of columns of numbers too, and can be looked at where they lie (property test)', () => {
    const numbers = fc.array(fc.oneof(fc.integer(), fc.constantFrom(-0, Number.NaN, 2 ** 31, 0.5)), { maxLength: 30 })
    const blocks = new BlockPool(2 ** 20)
    const decoder = new FrameDecoder()
    fc.assert(
      fc.property(fc.oneof(numbers, column), (values) => {
        const bytes = new FrameEncoder().encode(frameOf(values, values), 8).slice()
        if (values.every((each) => typeof each === 'number')) {
          const typed = Float64Array.from(values)
          const frame = { values: typed, start: 0, keys: typed, timestamps: Float64Array.from(values.keys()), count: values.length }
          const decoded = decoder.decode(new FrameEncoder().encode(frame, 8), 8)
          expectSame([decoded.values, decoded.keys, decoded.timestamps], [values, values, [...values.keys()]])
        }
        const block = blocks.copyOf(bytes)
        const viewed = decoder.view(block, 8)
        expect(viewed.count).toBe(values.length)
        expectSame(Array.from(viewed.values), values)
        expectSame(Array.from(viewed.keys ?? []), values)
        expect(Array.from(viewed.timestamps)).toEqual([...values.keys()])
        blocks.giveBack(block)
      }),
      { numRuns: 300 },
    )
  })

  it.each(Object.keys(places))('have every kind of value as %s', (place) => {
    const at = places[place] as (sample: unknown) => unknown
    for (const sample of samples) {
      for (const other of [at(sample), at(7), at('x'), at(null), 0.5]) {
        for (const values of [[at(sample)], [at(sample), other], [other, at(sample), other]]) {
          const decoded = roundTrip(values, values)
          expectSame(decoded.values, values)
          expectSame(decoded.keys, values)
        }
      }
    }
  })

  it('are the same whether functions are generated for them or not (property test)', () => {
    const shape = { id: text, whole: fc.integer(), part: fc.double(), open: fc.boolean(), more: fc.record({ x: number, y: text }) }
    const row = fc.oneof(
      { weight: 30, arbitrary: fc.record(shape) },
      { weight: 1, arbitrary: fc.record({ ...shape, whole: number, part: value, open: fc.constantFrom(true, null) }) },
      { weight: 1, arbitrary: value },
    )
    const usual = Array.from({ length: 100 }, (_, i) => ({ id: `i${i % 9}`, whole: i, part: i / 3, open: true, more: { x: i, y: 'y' } }))
    const { encoder, decoder } = warm(
      usual,
      usual.map(({ id }) => id),
    )
    const plain = { encoder: new FrameEncoder({ generated: false }), decoder: new FrameDecoder({ generated: false }) }
    fc.assert(
      fc.property(fc.array(row, { maxLength: 40 }), fc.array(text, { minLength: 40 }), (values, texts) => {
        const keys = texts.slice(0, values.length)
        for (const e of [encoder, plain.encoder]) {
          for (const d of [decoder, plain.decoder]) {
            const decoded = roundTrip(values, keys, e, d)
            expectSame(decoded.values, values)
            expectSame(decoded.keys, keys)
          }
        }
      }),
      { numRuns: 200 },
    )
  })

  it('need no generated code', () => {
    const script = fileURLToPath(new URL('../fixture/codec-without-code.ts', import.meta.url))
    const flags = ['--disallow-code-generation-from-strings', '--conditions=@malstrom/source', '--import', 'tsx']
    expect(spawnSync(process.execPath, [...flags, script], { encoding: 'utf8' }).stdout).toBe('same\n')
  })

  it('become ordinary arrays and objects of one hidden class', () => {
    setFlagsFromString('--allow-natives-syntax')
    const ask = (question: string) => new Function('a', 'b', `return ${question}`) as (a: unknown, b?: unknown) => boolean
    const isHoley = ask('%HasHoleyElements(a)')
    const isDouble = ask('%HasDoubleElements(a)')
    const isSmi = ask('%HasSmiElements(a)')
    const isFast = ask('%HasFastProperties(a)')
    const alike = ask('%HaveSameMap(a, b)')
    setFlagsFromString('--no-allow-natives-syntax')
    const values = Array.from({ length: 256 }, (_, i) => ({
      id: `id-${i % 9}`,
      a: i,
      b: i / 2,
      c: i % 2 === 0,
      d: [i],
      e: null,
      f: i,
      g: i,
      h: 'h',
    }))
    const halves = values.map(({ b }) => b + 0.25)
    const { encoder, decoder } = warm(values, halves)
    const [first, second] = [roundTrip(values, halves, encoder, decoder), roundTrip(values, halves, encoder, decoder)]
    for (const array of [first.values, first.keys, first.timestamps]) expect(isHoley(array)).toBe(false)
    expect(isDouble(first.keys)).toBe(true)
    expect(isSmi(first.timestamps)).toBe(true)
    expect(first.values).toEqual(values)
    for (const object of [...first.values, ...second.values]) {
      expect(Object.getPrototypeOf(object)).toBe(Object.prototype)
      expect(isFast(object)).toBe(true)
      expect(alike(object, first.values[0])).toBe(true)
    }
  })

  it('have a format that stays', () => {
    const values = Array.from({ length: 16 }, (_, i) => ({ id: i % 2 === 0 ? 'even' : 'odd', n: i, x: -i / 2, open: i < 3, at: [i, 'é'] }))
    const keys = values.map(({ id }) => id)
    const { encoder } = warm(values, keys)
    for (const one of [new FrameEncoder(), encoder]) {
      expect(Buffer.from(one.encode({ ...frameOf(values, keys), from: 13 }, 0)).toString('hex')).toMatchSnapshot()
      expect(Buffer.from(one.encode(frameOf(values, keys), 0)).toString('hex')).toMatchSnapshot()
    }
    const others = [undefined, null, 1n, new Date(1), '日', new Map([[1, new Set([-0])]]), new Uint8Array(2), Number.NaN]
    expect(Buffer.from(new FrameEncoder().encode(frameOf(others), 0)).toString('hex')).toMatchSnapshot()
  })
})

describe('values that cannot be encoded', () => {
  class Account {}
  const cyclic: Record<string, unknown> = {}
  for (let i = 0; i < 60; i++) cyclic[`self${i}`] = cyclic
  it.each([
    ['a function', { orders: [{ callback: () => 1 }] }, 'values[2].orders[0].callback is a function'],
    ['a symbol', new Map([['a', Symbol('s')]]), 'values[2].entry(0) is a symbol'],
    ['an instance of a class', new Account(), 'values[2] is a Account, and of objects only plain ones'],
    ['what contains itself', cyclic, 'contains itself'],
    ['what contains itself in a map', new Map([[1, cyclic]]), 'contains itself'],
  ])('are refused with their place: %s', (_, bad, place) => {
    const { encoder } = warm([{ a: 1 }])
    const error = expect.objectContaining({ code: 'ERR_VALUE_NOT_ENCODABLE', message: expect.stringContaining(place) })
    expect(() => encoder.encode(frameOf([1, {}, bad]), 0)).toThrow(error)
    expect(() => encoder.encode(frameOf([bad, bad]), 0)).toThrow(expect.objectContaining({ code: 'ERR_VALUE_NOT_ENCODABLE' }))
    expect(() => encoder.encode(frameOf([1], [bad]), 0)).toThrow(expect.objectContaining({ message: expect.stringContaining('keys[0]') }))
    // What comes after is not affected.
    expect(roundTrip([{ a: 2 }], undefined, encoder).values).toEqual([{ a: 2 }])
  })
})

describe('bytes that no encoder has written', () => {
  const rows = Array.from({ length: 20 }, (_, i) => ({
    id: `i${i % 3}`,
    n: i,
    x: i / 3,
    tags: ['a'],
    at: [i, i],
    since: new Date(i),
    none: undefined,
  }))
  const frames = [
    frameOf(rows, ['k', ...rows.slice(1).map(({ id }) => id)]),
    frameOf(
      rows.map(({ n }) => n),
      rows.map(({ x }) => x),
    ),
    frameOf([new Map([[1, { a: [1n, '日'] }]]), { b: null }, new Float32Array(3)]),
    frameOf(Array.from({ length: 20 }, (_, i) => [{ id: i, x: i / 3 }, { name: 'n', at: [i] }, null][i % 3])),
  ]
  const { decoder } = warm(rows)
  const corrupt = expect.objectContaining({ code: 'ERR_DATA_CORRUPT' })

  it('are refused wherever they end', () => {
    for (const frame of frames) {
      const bytes = new FrameEncoder().encode(frame, 0)
      for (let length = 0; length < bytes.length; length++) expect(() => decoder.decode(bytes.subarray(0, length), 0)).toThrow(corrupt)
      expect(() => decoder.decode(bytes, bytes.length + 8)).toThrow(corrupt)
      expect(() => decoder.decode(Buffer.concat([bytes, Buffer.alloc(8)]), 0)).toThrow(corrupt)
    }
  })

  it('give ERR_DATA_CORRUPT or values, never anything else (fuzz test)', () => {
    const encoded = frames.map((frame) => new FrameEncoder().encode(frame, 0))
    const changes = fc.array(fc.tuple(fc.nat(), fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 127, 128, 255))), {
      minLength: 1,
      maxLength: 6,
    })
    fc.assert(
      fc.property(fc.nat(encoded.length - 1), changes, (which, list) => {
        const damaged = (encoded[which] as Uint8Array).slice()
        for (const [at, byte] of list) damaged[at % damaged.length] = byte
        try {
          decoder.decode(damaged, 0)
        } catch (error) {
          expect(error).toMatchObject({ code: 'ERR_DATA_CORRUPT' })
        }
      }),
      { numRuns: 5_000 },
    )
  })

  it('of no sense at all are refused (fuzz test)', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(15), fc.nat(13), (random, rows, layout) => {
        const bytes = new Uint8Array(16 + random.length)
        bytes.set([0xa2, 2, 0, 0, rows, 0, 0, 0, layout], 0)
        bytes.set(random, 9)
        try {
          decoder.decode(bytes, 0)
        } catch (error) {
          expect(error).toMatchObject({ code: 'ERR_DATA_CORRUPT' })
        }
      }),
      { numRuns: 3_000 },
    )
  })

  it('announce much and are not believed', () => {
    for (let layout = 0; layout < 16; layout++) {
      for (const rows of [0x10_0000, 0xffff_ffff]) {
        const bytes = new Uint8Array(64).fill(255)
        const view = new DataView(bytes.buffer)
        view.setUint32(0, 0xa2 | (2 << 8), true)
        view.setUint32(4, rows, true)
        view.setUint32(8, layout | (1 << 8), true)
        view.setUint32(12, 0xffff_fff8, true)
        const before = process.memoryUsage().arrayBuffers
        expect(() => decoder.decode(bytes, 0)).toThrow(corrupt)
        expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000)
      }
    }
  })

  it('nest without end and are refused before the stack is full', () => {
    // Headers of arrays with one element each, and a tagged array in an array.
    const bytes = new Uint8Array(800_000)
    const view = new DataView(bytes.buffer)
    view.setUint32(0, 0xa2 | (2 << 8), true)
    view.setUint32(4, 1, true)
    for (const layout of [7, 8, 10]) {
      for (let at = 8; at < bytes.length; at += 8) {
        view.setUint32(at, layout | (1 << 8), true)
        view.setUint32(at + 4, 1, true)
      }
      expect(() => decoder.decode(bytes, 0)).toThrow(corrupt)
    }
    bytes.fill(0, 8, 16)
    for (let at = 16; at < bytes.length; at += 2) bytes.set([10, 1], at)
    expect(() => decoder.decode(bytes, 0)).toThrow(corrupt)
  })
})
