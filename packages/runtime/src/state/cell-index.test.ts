import type { Key } from '@malstrom/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CellIndex } from './cell-index.ts'

const primitive = fc.oneof(
  fc.constantFrom<Key>('', 'a', 'ab', 'ba', 0, -0, 1, -1, 1.5, 2 ** 32, Number.POSITIVE_INFINITY, 0n, 1n, 2n ** 70n, true, false),
  fc.string({ maxLength: 3 }),
  fc.integer({ min: -3, max: 3 }),
)
const key: fc.Arbitrary<Key> = fc.oneof(primitive, fc.array(primitive as fc.Arbitrary<string | number>, { maxLength: 3 }))

/** A text that is equal for equal keys, and only for those. */
function textOf(value: Key): string {
  if (typeof value === 'object') return `[${value.map(textOf).join(',')}]`
  if (typeof value === 'string') return JSON.stringify(value)
  return `${typeof value} ${String(value === 0 ? 0 : value)}`
}

const action = fc.oneof(fc.record({ do: fc.constantFrom('add' as const, 'delete' as const), key }))

/** Does the actions to an index and to a plain map that has `earlier` keys before, and compares them. */
function compareWithMap(actions: readonly { do: 'add' | 'delete'; key: Key }[], earlier: readonly Key[]): void {
  const index = new CellIndex<{ key: Key }>()
  const model = new Map<string, { key: Key }>()
  const add = (added: Key) => {
    const cell = { key: added }
    index.add(cell)
    model.set(textOf(added), cell)
  }
  earlier.forEach(add)
  for (const step of actions) {
    const text = textOf(step.key)
    expect(index.get(step.key)).toBe(model.get(text))
    if (step.do === 'delete') {
      index.delete(step.key)
      model.delete(text)
    } else if (!model.has(text)) {
      add(step.key)
    }
    // An equal tuple, not the same one.
    const equal = typeof step.key === 'object' ? [...step.key] : step.key
    expect(index.get(equal)).toBe(model.get(text))
  }
  expect([...model.values()].every((cell) => index.get(cell.key) === cell)).toBe(true)
}

describe('CellIndex', () => {
  it('finds what a map would find, and tuples by value (model test)', () => {
    fc.assert(fc.property(fc.array(action, { maxLength: 50 }), (actions) => compareWithMap(actions, [])))
  })

  it('does so after it was divided (model test)', { timeout: 30_000 }, () => {
    const many = Array.from({ length: 65_600 }, (_, n) => (n % 2 === 0 ? `key ${n}` : n + 10))
    fc.assert(
      fc.property(fc.array(action, { maxLength: 50 }), (actions) => compareWithMap(actions, many)),
      { numRuns: 5 },
    )
  })

  it('keeps every key while it grows beyond the division at 65,536 keys', () => {
    const index = new CellIndex<{ key: Key }>()
    const cells = Array.from({ length: 70_000 }, (_, n) => ({ key: [n, `text ${n}`, BigInt(n), n / 7][n % 4] as Key }))
    for (const cell of cells) index.add(cell)
    expect(cells.every((cell) => index.get(cell.key) === cell)).toBe(true)
    expect(index.get('none')).toBeUndefined()
    // Half of them have moved by now, all are asked for again after the other half was deleted.
    for (let n = 0; n < cells.length; n += 2) index.delete(cells[n]?.key as Key)
    expect(cells.every((cell, n) => index.get(cell.key) === (n % 2 === 0 ? undefined : cell))).toBe(true)
  })

  it('deletes keys that have not moved since it was divided, and adds them anew', () => {
    const index = new CellIndex<{ key: Key }>()
    for (let n = 0; n < 65_536; n++) index.add({ key: n })
    index.delete(5)
    expect(index.get(5)).toBeUndefined()
    const again = { key: 5 }
    index.add(again)
    expect(index.get(5)).toBe(again)
    index.delete(5)
    expect(index.get(5)).toBeUndefined()
  })

  it('tells tuples apart whose hashes are equal', () => {
    const index = new CellIndex<{ key: Key }>()
    // Among so many there are a few pairs with equal 32-bit hashes.
    const cells = Array.from({ length: 200_000 }, (_, n) => ({ key: [n, 'x'] as Key }))
    for (const cell of cells) index.add(cell)
    expect(cells.every((cell) => index.get(cell.key) === cell)).toBe(true)
  })
})
