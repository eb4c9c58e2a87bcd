import { describe, expect, it } from 'vitest'
import { BlockPool } from './byte-block.ts'

const bytesOf = (length: number, first = 0) => Uint8Array.from({ length }, (_, i) => first + i)

describe('a pool of blocks', () => {
  it('gives copies of bytes, with views of every kind', () => {
    const pool = new BlockPool(2 ** 20)
    const bytes = new Uint8Array(Float64Array.of(1.5, -0).buffer)
    const block = pool.copyOf(bytes)
    bytes.fill(0)
    expect(block.length).toBe(16)
    expect([...block.floats.subarray(0, 2)]).toEqual([1.5, -0])
    expect(block.ints[1]).toBe(0x3ff8_0000)
  })

  it('uses a block again that was given back, and none that was not', () => {
    const pool = new BlockPool(2 ** 20)
    const [first, second] = [pool.copyOf(bytesOf(100)), pool.copyOf(bytesOf(100, 1))]
    expect(second).not.toBe(first)
    pool.giveBack(first)
    const third = pool.copyOf(bytesOf(50, 2))
    expect(third).toBe(first)
    expect([third.length, third.bytes[0], second.bytes[0]]).toEqual([50, 2, 1])
    expect(pool.copyOf(bytesOf(10))).not.toBe(first)
  })

  it.each([0, 1, 4_096, 4_097, 2 ** 20, 2 ** 20 + 1])('has room for %i bytes, also in a block that is used again', (length) => {
    const pool = new BlockPool(2 ** 24)
    for (let i = 0; i < 3; i++) {
      const block = pool.copyOf(bytesOf(length))
      expect(block.length).toBe(length)
      expect(block.bytes.length).toBeGreaterThanOrEqual(length)
      pool.giveBack(block)
    }
  })

  it('keeps no more bytes than it may, however often they come and go', () => {
    const pool = new BlockPool(3 * 4_096)
    for (let round = 0; round < 3; round++) {
      const taken = [1, 2, 3, 4, 5].map(() => pool.copyOf(bytesOf(8)))
      expect(new Set(taken).size).toBe(5)
      for (const block of taken) pool.giveBack(block)
      const again = [1, 2, 3, 4, 5].map(() => pool.copyOf(bytesOf(8)))
      expect(again.filter((block) => taken.includes(block))).toHaveLength(3)
    }
  })
})
