import { describe, expect, it } from 'vitest'
import type { Key } from './key.ts'
import { indexSelect, rendezvousSelect } from './partitioner.ts'

const workers = (count: number) => Array.from({ length: count }, (_, worker) => worker)
const keys: readonly Key[] = Array.from({ length: 20_000 }, (_, index) => (index % 2 === 0 ? `key-${index}` : index))

describe('rendezvousSelect', () => {
  // Computed with mmh3 for Python: the answers for 1, 2, 3, 5, 8 and 64 workers, and for the workers 3, 17 and 900.
  it.each<[Key, number[], number]>([
    ['', [0, 0, 0, 0, 5, 40], 900],
    ['a', [0, 0, 0, 0, 0, 50], 3],
    ['b', [0, 1, 1, 3, 3, 51], 3],
    ['account-42', [0, 1, 2, 2, 2, 43], 900],
    ['日本', [0, 0, 0, 0, 0, 19], 900],
    [0, [0, 0, 2, 2, 2, 52], 3],
    [1, [0, 0, 0, 0, 6, 25], 17],
    [42, [0, 1, 2, 3, 3, 13], 3],
    [-1, [0, 0, 0, 3, 5, 60], 3],
    [0.1, [0, 0, 2, 4, 5, 62], 17],
    [7n, [0, 1, 1, 1, 1, 20], 900],
    [true, [0, 0, 0, 0, 7, 62], 900],
    [false, [0, 1, 1, 1, 1, 1], 900],
    [[2025, 3], [0, 0, 0, 0, 0, 33], 17],
    [['a', 'b'], [0, 0, 0, 3, 5, 53], 3],
  ])('sends %o where it always has', (key, byCount, bySparseIds) => {
    expect([1, 2, 3, 5, 8, 64].map((count) => rendezvousSelect(key, workers(count)))).toEqual(byCount)
    expect(rendezvousSelect(key, [3, 17, 900])).toBe(bySparseIds)
  })

  it('moves keys only to a worker that is added', () => {
    for (const count of [1, 2, 7]) {
      const moved = keys.filter((key) => rendezvousSelect(key, workers(count)) !== rendezvousSelect(key, workers(count + 1)))
      expect(moved.every((key) => rendezvousSelect(key, workers(count + 1)) === count)).toBe(true)
      expect(moved.length).toBeGreaterThan(0)
    }
  })

  it('moves only the keys of a worker that is removed', () => {
    const all = workers(8)
    for (const removed of [0, 3, 7]) {
      const left = all.filter((worker) => worker !== removed)
      const moved = keys.filter((key) => rendezvousSelect(key, left) !== rendezvousSelect(key, all))
      expect(moved.every((key) => rendezvousSelect(key, all) === removed)).toBe(true)
      expect(moved.length).toBeGreaterThan(0)
    }
  })

  it.each([2, 3, 5, 8, 16, 64])('gives each of %i workers its share of the keys', (count) => {
    const shares = new Array<number>(count).fill(0)
    for (const key of keys) {
      const worker = rendezvousSelect(key, workers(count))
      shares[worker] = (shares[worker] ?? 0) + 1
    }
    const mean = keys.length / count
    // Five standard deviations of a binomial distribution.
    const bound = 5 * Math.sqrt(mean * (1 - 1 / count))
    for (const share of shares) expect(Math.abs(share - mean)).toBeLessThan(bound)
  })

  it('does not depend on the order of the workers', () => {
    const ordered = [0, 1, 2, 3, 4, 5, 6, 7]
    const shuffled = [5, 2, 7, 0, 3, 6, 1, 4]
    expect(keys.filter((key) => rendezvousSelect(key, shuffled) !== rendezvousSelect(key, ordered))).toEqual([])
  })

  it('refuses to choose among no workers', () => {
    expect(() => rendezvousSelect('a', [])).toThrow(expect.objectContaining({ code: 'ERR_NO_WORKERS' }))
  })
})

describe('indexSelect', () => {
  it.each<[number | bigint, number]>([
    [0, 10],
    [-0, 10],
    [1, 20],
    [2, 30],
    [3, 10],
    [-1, 30],
    [-3, 10],
    [-4, 30],
    [Number.MAX_SAFE_INTEGER, 20],
    [2 ** 60, 20],
    [0n, 10],
    [4n, 20],
    [-1n, 30],
    [2n ** 100n, 20],
    [-(2n ** 100n), 30],
  ])('takes the worker at position %s modulo their number', (key, worker) => {
    expect(indexSelect(key, [10, 20, 30])).toBe(worker)
  })

  it.each([0.5, Number.NaN, Number.POSITIVE_INFINITY])('refuses %d, which is no whole number', (key) => {
    expect(() => indexSelect(key, [0, 1])).toThrow(
      expect.objectContaining({ code: 'ERR_KEY_INVALID', message: expect.stringContaining(`not ${key}`) }),
    )
  })

  it.each([0, 0n])('refuses to choose among no workers', (key) => {
    expect(() => indexSelect(key, [])).toThrow(expect.objectContaining({ code: 'ERR_NO_WORKERS' }))
  })
})
