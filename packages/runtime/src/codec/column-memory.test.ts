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
