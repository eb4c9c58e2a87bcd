import { describe, expect, it } from 'vitest'
import { expectSame } from '../fixture/encodable.ts'
import { frameOf, roundTrip, warm } from '../fixture/frames.ts'
import { FrameDecoder, FrameEncoder } from './frame-codec.ts'

describe('what an encoder remembers', () => {
  it('keeps texts that occur often once, also when these change, are many, or are empty', () => {
    const { encoder, decoder } = warm(['a', 'b'])
    for (const distinct of [1, 5, 40, 127, 128, 129, 200, 300, 5]) {
      for (const name of ['', 'x'.repeat(64), 'y'.repeat(65), 'ü', '日', '-'.repeat(64)]) {
        for (let round = 0; round < 3; round++) {
          const values = Array.from({ length: 256 }, (_, i) => `${name}${i % distinct === 0 ? '' : (i + round) % distinct}`)
          expect(roundTrip(values, undefined, encoder, decoder).values).toEqual(values)
        }
      }
    }
    const often = Array.from({ length: 1_000 }, (_, i) => `customer ${i % 50}`)
    expect(new FrameEncoder().encode(frameOf(often), 0).length).toBeLessThan(7_000)
  })

  it('writes many texts once too, and keys that are a property of their values not at all', () => {
    const users = Array.from({ length: 1_000 }, (_, i) => `user-${i % 400}`)
    const values = users.map((user, i) => ({ user, at: i, page: `/${i % 7}`, same: user }))
    const { encoder, decoder } = warm(values, users)
    expect(roundTrip(users, undefined, encoder, decoder).values).toEqual(users)
    const plain = encoder.encode(frameOf(values), 0).length
    expect(encoder.encode(frameOf(values, users), 0).length).toBeLessThan(plain + 20)
    for (const keys of [users, values.map(({ page }) => page), users.toReversed(), users.map((_, i) => i), [...users.slice(1), 1]]) {
      expect(roundTrip(values, keys, encoder, decoder)).toMatchObject({ values, keys })
    }
    const part = { ...frameOf(values, users), from: 990 }
    expect(decoder.decode(encoder.encode(part, 0), 0)).toMatchObject({ values: values.slice(990), keys: users.slice(990) })
  })

  it('looks texts of objects up while it gathers them, whatever comes: few, many, long, short, none, or keys that are others', () => {
    const usual = Array.from({ length: 1_000 }, (_, i) => ({ user: `user-${i % 50}`, n: i, page: `/${i % 7}` }))
    const usersOf = (rows: readonly { user: unknown }[]) => rows.map(({ user }) => user)
    const { encoder, decoder } = warm(usual, usersOf(usual))
    const plain = new FrameEncoder({ generated: false })
    const texts: ((i: number) => unknown)[] = [
      (i) => `user-${i % 5}`,
      (i) => `user-${i % 300}`,
      (i) => `customer ${i}`,
      (i) => 'x'.repeat(i % 70),
      (i) => ['', 'a', 'b', 'ab', 'ba', 'abc', '日', '日本'][i % 8],
      (i) => (i === 40 ? `${i}`.repeat(40) : 'same'),
      (i) => (i === 40 ? i : 'same'),
      (i) => (i % 2 === 0 ? undefined : `user-${i % 5}`),
    ]
    for (let round = 0; round < 3; round++) {
      for (const [kind, text] of [...texts, ...texts].entries()) {
        const rows = Array.from({ length: kind === 3 ? 20 : 256 }, (_, i) => ({ user: text(i), n: i, page: `/${text(i + round)}` }))
        const keys = usersOf(rows)
        for (const column of [keys, keys.with(-1, 'other'), keys.with(10, 7), undefined]) {
          for (const one of [encoder, new FrameEncoder(), plain]) {
            const decoded = roundTrip(rows, column, one, decoder)
            expectSame(decoded.values, rows)
            expectSame(decoded.keys, column)
          }
        }
      }
    }
    // As at the start: the texts are written once again.
    const again = roundTrip(usual, usersOf(usual), encoder, decoder)
    expect(again).toMatchObject({ values: usual, keys: usersOf(usual) })
  })

  it.each<[string, () => object | null]>([
    ['the same properties in another order', () => ({ n: 1, id: 'b', tag: 'c' })],
    ['the last two the other way round', () => ({ id: 'b', tag: 'c', n: 1 })],
    ['the first property missing', () => ({ n: 1, tag: 'c' })],
    ['the last property missing', () => ({ id: 'b', n: 1 })],
    ['one more at the end', () => ({ id: 'b', n: 1, tag: 'c', more: 1 })],
    ['one more at the start', () => ({ more: 1, id: 'b', n: 1, tag: 'c' })],
    [
      'a property of another name in addition to one that is hidden',
      () => {
        const object = { id: 'b', n: 1, other: 'd' }
        return Object.defineProperty(object, 'tag', { value: 'c', enumerable: false })
      },
    ],
    ['no prototype', () => Object.assign(Object.create(null), { id: 'b', n: 1, tag: 'c' })],
    ['undefined as the value of one', () => ({ id: 'b', n: 1, tag: undefined })],
    ['nothing', () => ({})],
    ['no object', () => null],
  ])('tells an object by each of its properties, also among many of one shape: %s', (_, stranger) => {
    const usual = Array.from({ length: 100 }, (_, i) => ({ id: `i${i % 9}`, n: i, tag: `t${i % 3}` }))
    const { encoder, decoder } = warm(usual)
    for (const at of [1, 50, 99]) {
      const values: unknown[] = usual.with(at, stranger() as never)
      const decoded = roundTrip(values, undefined, encoder, decoder).values
      const entries = (value: unknown) => (value === null ? null : Object.entries(value as object))
      expect(decoded.map(entries)).toEqual(values.map(entries))
      if (values[at] !== null) expect(Object.getPrototypeOf(decoded[at])).toBe(Object.getPrototypeOf(values[at]))
    }
  })

  it('gives texts of objects the bytes that it gives them without generated code', () => {
    const rowsOf = (distinct: number) =>
      Array.from({ length: 512 }, (_, i) => ({ user: `user-${(i * 7) % distinct}`, more: i % 3 === 0 ? 'a' : `${i % 90}b` }))
    const [encoder, plain] = [new FrameEncoder(), new FrameEncoder({ generated: false })]
    for (const distinct of [200, 200, 200, 250, 40, 40]) {
      const rows = rowsOf(distinct)
      const frame = frameOf(
        rows,
        rows.map(({ user }) => user),
      )
      expect(Buffer.from(encoder.encode(frame, 0))).toEqual(Buffer.from(plain.encode(frame, 0)))
    }
  })

  it('is bounded: more shapes, kinds and columns than there is room for still come back as they were', () => {
    const encoder = new FrameEncoder()
    const decoder = new FrameDecoder()
    for (let shape = 0; shape < 300; shape++) {
      const names = Array.from({ length: 1 + (shape % 20) }, (_, i) => `p${shape}_${i}`)
      const value = (i: number) => (shape % 3 === 0 ? i : shape % 3 === 1 ? { deep: { [`q${shape}`]: [i / 2] } } : `t${i % 3}`)
      const values = Array.from({ length: 20 }, (_, i) => Object.fromEntries(names.map((name) => [name, value(i)])))
      expect(roundTrip(values, undefined, encoder, decoder).values).toEqual(values)
    }
  })

  it('may be wrong: properties that change their kind again and again come back as they were', () => {
    const names = Array.from({ length: 40 }, (_, i) => `p${i}`)
    const { encoder, decoder } = warm([Object.fromEntries(names.map((name) => [name, 1]))])
    for (let round = 0; round < 100; round++) {
      const kinds = [round, round / 2, -0, true, 'text', null]
      const values = [Object.fromEntries(names.map((name, i) => [name, i === round % 40 ? kinds[round % kinds.length] : i]))]
      expectSame(roundTrip(values, undefined, encoder, decoder).values, values)
    }
  })
})
