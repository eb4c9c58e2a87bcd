import { describe, expect, it } from 'vitest'
import { combineHashes, hashKey, hashString, keyGroupOf } from './hash.ts'
import type { Key } from './key.ts'

// Computed with mmh3 5 for Python (mmh3.hash(bytes, seed, signed=False)) from the table in hash.ts. State placement depends on
// them: a vector that has to change means that no saved state fits any more.
const golden: [key: Key, hash: number][] = [
  ['', 0x00000000],
  ['a', 0x6f49d11a],
  ['ab', 0x165860ca],
  ['abc', 0x42b016c3],
  ['abcd', 0x44fa9d34],
  ['hello, world', 0x8425df00],
  ['account-42', 0x29629afa],
  ['ä', 0x477e19ba],
  ['e\u0301', 0x4e9b041a],
  ['日本', 0xa4a1f0f3],
  ['日本語', 0x3bdc2005],
  ['Ελλάδα', 0xaf63b751],
  ['привет', 0xd25569fd],
  ['😀', 0x56065e39],
  ['a😀', 0x7080ab9f],
  ['\ud83d', 0x5312e85d],
  ['\u0000', 0x30f4c306],
  ['\u0000\u0000', 0x2362f9de],
  ['x'.repeat(1000), 0xebb673be],

  [0, 0xea95647d],
  [-0, 0xea95647d],
  [1, 0x41554a0c],
  [-1, 0xa2a83939],
  [42, 0xa6379c41],
  [0.1, 0xc3082874],
  [1_700_000_000_000, 0x4fe3ca88],
  [2 ** 53, 0xe7a3487b],
  [-(2 ** 53), 0x22e34ac5],
  [Number.MIN_VALUE, 0xdf087715],
  [Number.MAX_VALUE, 0xe4215fad],
  [Number.POSITIVE_INFINITY, 0x199c19e4],
  [Number.NEGATIVE_INFINITY, 0xe000bb61],

  [0n, 0xb25d47eb],
  [1n, 0xa26abcbe],
  [-1n, 0x1b0d03d6],
  [15n, 0xc6379acd],
  [16n, 0xdc12825b],
  [255n, 0x559c214b],
  [-255n, 0xb8a66f7f],
  [2n ** 63n, 0x22564ff6],
  [-(2n ** 63n), 0xbaeb1bdf],
  [2n ** 64n, 0x25c4c73d],
  [10n ** 40n, 0x1d7a6117],

  [false, 0x1ef30e51],
  [true, 0x31bd10db],

  [[], 0x249cb285],
  [['a'], 0x047a39b4],
  [['a', 'b'], 0xc93e01d4],
  [['b', 'a'], 0xc08a9296],
  [['a', 'a'], 0x0cae0ab6],
  [['ab'], 0x1ac2628e],
  [[''], 0xfe584167],
  [['', ''], 0xc9f3b13d],
  [['1'], 0x27d36ae5],
  [[1], 0xa4f05c80],
  [[1n], 0x14e5f4e8],
  [[true], 0x4b625c99],
  [[2025, 3], 0xf7aed644],
  [[3, 2025], 0xb237b067],
  [['a', 1, true, 1n], 0x1fc1aa41],
]

const show = (key: Key): string => {
  if (typeof key === 'object') return `[${key.map(show).join(', ')}]`
  if (Object.is(key, -0)) return '-0'
  return typeof key === 'string' ? JSON.stringify(key).slice(0, 20) : `${key}${typeof key === 'bigint' ? 'n' : ''}`
}

describe('hashKey', () => {
  it.each(golden.map(([key, hash]) => [show(key), key, hash] as const))('%s has its golden hash', (_, key, hash) => {
    expect(hashKey(key).toString(16)).toBe(hash.toString(16))
  })

  it('is an unsigned 32-bit whole number', () => {
    for (const [key] of golden) expect(hashKey(key)).toBe(hashKey(key) >>> 0)
  })

  it('tells keys of different types apart', () => {
    const hashes = ['1', 1, 1n, true, ['1'], [1], [1n], [true]].map((key) => hashKey(key as Key))
    expect(new Set(hashes).size).toBe(hashes.length)
  })

  it('hashes tuples that are the same key alike, also with -0 inside', () => {
    expect(hashKey(['a', -0])).toBe(hashKey(['a', 0]))
  })
})

describe('hashString', () => {
  it.each([
    ['transactions', 0x98410c77],
    ['by-account', 0xfcc9c398],
    ['balances', 0xf8fc95d1],
    ['hourly', 0x361320e9],
    ['sum', 0x91d5e8f0],
  ])('gives the operator named %s its golden id', (name, id) => {
    expect(hashString(name).toString(16)).toBe(id.toString(16))
  })

  it('is MurmurHash3 with any seed: the published answer for no bytes and seed 0x9747b28c', () => {
    expect(hashString('', 0x9747b28c)).toBe(0xebb6c228)
  })
})

describe('combineHashes', () => {
  it.each([
    [0, 0, 0xc9f3b13d],
    [1, 0, 0x39233653],
    [0, 1, 0x2c1a0379],
    [0xffffffff, 0xffffffff, 0xc3aa62a0],
    [0x80000000, 7, 0xdf9238db],
  ])('of %i and %i is golden', (a, b, hash) => {
    expect(combineHashes(a, b).toString(16)).toBe(hash.toString(16))
  })
})

describe('keyGroupOf', () => {
  it.each<[Key, number, number]>([
    ['a', 282, 20_762],
    ['日本', 243, 28_915],
    [42, 65, 7_233],
    [[2025, 3], 580, 22_084],
  ])('places %j in its golden group', (key, of1024, of32768) => {
    expect(keyGroupOf(hashKey(key), 1_024)).toBe(of1024)
    expect(keyGroupOf(hashKey(key), 32_768)).toBe(of32768)
  })

  const keysPerGroup = 100
  const groups = 1_024
  const sequences: [name: string, keyAt: (index: number) => Key][] = [
    ['sequential numbers', (index) => index],
    ['sequential negative numbers', (index) => -index],
    ['multiples of 1,024', (index) => index * 1_024],
    ['milliseconds an hour apart', (index) => 1_700_000_000_000 + index * 3_600_000],
    ['fractions', (index) => index / 10],
    ['numbered strings', (index) => `account-${index}`],
    ['padded strings', (index) => String(index).padStart(12, '0')],
    ['sequential bigints', (index) => BigInt(index)],
    ['tuples', (index) => [Math.trunc(index / 100), index % 100]],
  ]

  it.each(sequences)('spreads %s evenly over 1,024 groups', (_, keyAt) => {
    const counts = new Array<number>(groups).fill(0)
    for (let i = 0; i < keysPerGroup * groups; i++) {
      const group = keyGroupOf(hashKey(keyAt(i)), groups)
      counts[group] = (counts[group] ?? 0) + 1
    }
    // Chi-square with 1,023 degrees of freedom: mean 1,023, standard deviation 45; the bounds are 5 of these.
    const chiSquare = counts.reduce((sum, count) => sum + (count - keysPerGroup) ** 2 / keysPerGroup, 0)
    expect(chiSquare).toBeLessThan(1_023 + 5 * 45.2)
    expect(chiSquare).toBeGreaterThan(1_023 - 5 * 45.2)
  })
})
