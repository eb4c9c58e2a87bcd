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

  it('lets several walkers go on whatever is removed and added meanwhile: each sees what stays exactly once, in order (property test)', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constantFrom('set' as const, 'delete' as const), key: fc.nat(15) }),
      fc.record({ do: fc.constantFrom('begin' as const, 'step' as const, 'end' as const), walker: fc.nat(2) }),
      fc.constant({ do: 'extract' as const }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const cells = new KeyedCells<number, number>()
        /** When each key that is there came; walkers compare it with what they saw. */
        const since = new Map<number, number>()
        let now = 0
        const set = (target: number) => {
          if (!since.has(target)) since.set(target, now)
          cells.set(target, since.get(target) as number)
        }
        for (let target = 0; target < 8; target++) set(target)
        const walkers: ({ walk: Iterator<[number, number]>; seen: [number, number][]; atStart: [number, number][] } | undefined)[] = []
        const advance = (index: number): boolean => {
          const walker = walkers[index]
          if (walker === undefined) return false
          const { value, done } = walker.walk.next()
          if (done !== true) {
            expect(since.get(value[0])).toBe(value[1])
            walker.seen.push(value)
            return true
          }
          walkers[index] = undefined
          const staying = walker.atStart.filter(([target, at]) => since.get(target) === at)
          const seen = walker.seen.map(String)
          expect(new Set(seen).size).toBe(seen.length)
          expect(walker.seen.filter(([target, at]) => staying.some((entry) => entry[0] === target && entry[1] === at))).toEqual(staying)
          return false
        }
        for (const action of steps) {
          now++
          if (action.do === 'set') set(action.key)
          else if (action.do === 'delete') {
            expect(cells.delete(action.key)).toBe(since.delete(action.key))
          } else if (action.do === 'begin') {
            walkers[action.walker]?.walk.return?.()
            walkers[action.walker] = { walk: cells[Symbol.iterator](), seen: [], atStart: [...since] }
            advance(action.walker)
          } else if (action.do === 'step') advance(action.walker)
          else if (action.do === 'end') {
            walkers[action.walker]?.walk.return?.()
            walkers[action.walker] = undefined
          } else {
            const leaving = cells.extract({ self: 0, ownerOf: (target) => (target as number) % 2, pack: (state) => state })
            while (!leaving.done) for (const target of leaving.take(3).get(1)?.keys ?? []) since.delete(target as number)
          }
        }
        for (let index = 0; index < walkers.length; index++) while (advance(index));
        expect([...cells]).toEqual([...since])
      }),
      { numRuns: 500 },
    )
  })

  it('takes the links and the state out of a removed cell when nobody walks, and the links stay while somebody does', () => {
    const cells = new KeyedCells<string, object>()
    const cellOf = (name: string) => {
      cells.set(name, {})
      return cells.cell(name)
    }
    const [a, b, c, d] = [cellOf('a'), cellOf('b'), cellOf('c'), cellOf('d')]
    cells.remove(a)
    expect([a.state, a.next, a.previous]).toEqual([undefined, undefined, undefined])
    const walk = cells[Symbol.iterator]()
    walk.next()
    cells.remove(b)
    expect(b.next).toBe(c)
    expect(walk.next().value?.[0]).toBe('c')
    walk.return?.(undefined)
    cells.remove(c)
    expect([c.next, c.previous]).toEqual([undefined, undefined])
    const leaving = cells.extract({ self: 0, ownerOf: () => 0, pack: (state) => state })
    leaving.take(1)
    cells.remove(d)
    expect(d.next).toBeUndefined()
    expect(cells.size).toBe(0)
  })

  it('says of a kept cell whether it is there, and takes its state as changed', () => {
    const cells = new KeyedCells<string, object>()
    cells.set('a', {})
    cells.trackChanges()
    const form = { pack: (state: object) => state, copy: (state: object) => ({ ...state }) }
    const cell = cells.cell('a')
    cells.takeSnapshot(true, form)
    expect([cells.dirty, cells.touch(cell), cells.dirty, cells.touch(cell), cells.dirty]).toEqual([0, true, 1, true, 1])
    cells.delete('a')
    expect(cells.touch(cell)).toBe(false)
    cells.set('a', {})
    expect(cells.touch(cell)).toBe(false)
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
