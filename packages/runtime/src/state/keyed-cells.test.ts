import type { Key } from '@malstrom/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { KeyedCells } from './keyed-cells.ts'

const key = fc.constantFrom<Key>('a', 'b', 1, 2, '1', 1n, true, [], [1], ['1'], [1, 'a'], [1, 'b'])
const textOf = (value: Key) =>
  typeof value === 'object' ? `[${value.map((part) => `${typeof part} ${part}`)}]` : `${typeof value} ${value}`

type Action =
  | { readonly do: 'get' | 'delete' | 'cell' | 'remove'; readonly key: Key }
  | { readonly do: 'set'; readonly key: Key; readonly state: number }
  | { readonly do: 'iterate'; readonly deletions: readonly Key[] }

const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ do: fc.constantFrom('get' as const, 'delete' as const, 'cell' as const, 'remove' as const), key }),
  fc.record({ do: fc.constant('set' as const), key, state: fc.nat(9) }),
  fc.record({ do: fc.constant('iterate' as const), deletions: fc.array(key, { maxLength: 4 }) }),
)

/** Does the same to cells and to a plain map. */
class Compared {
  readonly cells = new KeyedCells<Key, number>()
  readonly model = new Map<string, { key: Key; state: number }>()

  set(target: Key, state: number): void {
    this.cells.set(target, state)
    const known = this.model.get(textOf(target))
    if (known === undefined) this.model.set(textOf(target), { key: target, state })
    else known.state = state
  }

  delete(target: Key): void {
    expect(this.cells.delete(target)).toBe(this.model.delete(textOf(target)))
  }

  /** As an operator works: reads the cell, writes it or removes it. */
  touch(target: Key, forget: boolean): void {
    const cell = this.cells.cell(target)
    expect(cell.state).toBe(this.model.get(textOf(target))?.state)
    if (forget) {
      this.cells.remove(cell)
      this.cells.remove(cell)
      this.model.delete(textOf(target))
    } else {
      const state = (cell.state ?? 0) + 1
      cell.state = state
      const known = this.model.get(textOf(target))
      if (known === undefined) this.model.set(textOf(target), { key: target, state })
      else known.state = state
    }
  }

  /** Iterates both; at each second entry one more of `deletions` goes. */
  iterate(deletions: readonly Key[]): void {
    const left = [...deletions]
    const seen: unknown[] = []
    let steps = 0
    for (const entry of this.cells) {
      seen.push(entry)
      if (steps++ % 2 === 0) for (const target of left.splice(0, 2)) this.cells.delete(target)
    }
    const leftInModel = [...deletions]
    const seenInModel: unknown[] = []
    steps = 0
    for (const { key: target, state } of this.model.values()) {
      seenInModel.push([target, state])
      if (steps++ % 2 === 0) for (const gone of leftInModel.splice(0, 2)) this.model.delete(textOf(gone))
    }
    expect(seen).toEqual(seenInModel)
  }

  check(): void {
    expect([...this.cells]).toEqual([...this.model.values()].map(({ key: target, state }) => [target, state]))
    expect(this.cells.size).toBe(this.model.size)
  }
}

describe('KeyedCells', () => {
  it('behaves as a map by value that keeps the order of first sight, also where entries go during iteration (model test)', () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
        const compared = new Compared()
        for (const step of actions) {
          if (step.do === 'get') expect(compared.cells.get(step.key)).toBe(compared.model.get(textOf(step.key))?.state)
          else if (step.do === 'delete') compared.delete(step.key)
          else if (step.do === 'set') compared.set(step.key, step.state)
          else if (step.do === 'iterate') compared.iterate(step.deletions)
          else compared.touch(step.key, step.do === 'remove')
          compared.check()
        }
      }),
      { numRuns: 500 },
    )
  })

  it('puts a key that was forgotten and seen again last', () => {
    const cells = new KeyedCells<string, number>()
    for (const name of ['a', 'b', 'c']) cells.set(name, 0)
    cells.delete('a')
    cells.set('a', 1)
    expect([...cells].map(([name]) => name)).toEqual(['b', 'c', 'a'])
  })

  it('keeps a tuple as it was, whatever its owner does with it', () => {
    const cells = new KeyedCells<number[], string>()
    const tuple = [1, 2]
    cells.set(tuple, 'state')
    tuple[0] = 99
    expect(cells.get([1, 2])).toBe('state')
    expect([...cells]).toEqual([[[1, 2], 'state']])
    expect(cells.get(tuple)).toBeUndefined()
  })

  it('can be emptied while it is iterated, and is empty then', () => {
    const cells = new KeyedCells<number, number>()
    for (let n = 0; n < 100; n++) cells.set(n, n)
    const seen: number[] = []
    for (const [name] of cells) {
      seen.push(name)
      cells.delete(name)
    }
    expect(seen).toHaveLength(100)
    expect([cells.size, [...cells]]).toEqual([0, []])
    cells.set(1, 1)
    expect([...cells]).toEqual([[1, 1]])
  })
})
