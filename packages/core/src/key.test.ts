import { describe, expect, it } from 'vitest'
import { MalstromError } from './error.ts'
import { hashKey } from './hash.ts'
import { checkKey, type Key, sameKey } from './key.ts'

function refusal(key: unknown): MalstromError {
  try {
    checkKey(key)
  } catch (error) {
    if (error instanceof MalstromError) return error
  }
  throw new Error('checkKey did not refuse')
}

describe('checkKey', () => {
  it.each<[string, Key]>([
    ['a string', 'a'],
    ['the empty string', ''],
    ['a number', 1.5],
    ['-0', -0],
    ['Infinity', Number.POSITIVE_INFINITY],
    ['a bigint', -(2n ** 100n)],
    ['a boolean', false],
    ['a tuple', [2025, 3]],
    ['a tuple of every type', ['a', 1, 1n, true]],
    ['the empty tuple', []],
  ])('accepts %s', (_, key) => {
    expect(() => checkKey(key)).not.toThrow()
  })

  it.each<[unknown, string]>([
    [undefined, 'undefined'],
    [null, 'null'],
    [Number.NaN, 'NaN'],
    [{ id: 1 }, 'An object (Object)'],
    [new Date(0), 'An object (Date)'],
    [Object.create(null), 'An object (no prototype)'],
    [() => 1, 'A function'],
    [Symbol('s'), 'A symbol'],
    [['a', Number.NaN], 'A tuple with NaN'],
    [['a', undefined], 'A tuple with undefined'],
    [['a', new Date(0)], 'A tuple with an object (Date)'],
    [['a', ['b']], 'A tuple with a tuple'],
    [new Array(2), 'A tuple with undefined'],
  ])('refuses %o', (key, what) => {
    const error = refusal(key)
    expect(error.code).toBe('ERR_KEY_INVALID')
    expect(error.message).toBe(
      `${what} is not a key. A key is a string, a number other than NaN, a bigint, a boolean, or a tuple of those; return one of the value's fields instead.`,
    )
  })
})

describe('sameKey', () => {
  it.each<[Key, Key]>([
    ['a', 'a'],
    [0, -0],
    [1n, 1n],
    [true, true],
    [[], []],
    [
      ['a', 1],
      ['a', 1],
    ],
    [[0], [-0]],
  ])('%o and %o are the same, and hash alike', (a, b) => {
    expect(sameKey(a, b)).toBe(true)
    expect(hashKey(a)).toBe(hashKey(b))
  })

  it.each<[string, Key, Key]>([
    ['strings that differ', 'a', 'b'],
    ['a string and a number', '1', 1],
    ['a number and a bigint', 1, 1n],
    ['a number and a boolean', 1, true],
    ['a primitive and its tuple', 'a', ['a']],
    ['tuples in another order', ['a', 'b'], ['b', 'a']],
    ['a tuple and its beginning', ['a'], ['a', 'b']],
    ['tuples of different types', [1], ['1']],
  ])('%s are not the same', (_, a, b) => {
    expect(sameKey(a, b)).toBe(false)
    expect(sameKey(b, a)).toBe(false)
  })
})
