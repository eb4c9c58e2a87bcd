import { numberTime } from '@malstrom/core'
import { describe, expect, it } from 'vitest'
import { Dated, DueKeys } from './due-keys.ts'

const time = numberTime as ConstructorParameters<typeof DueKeys>[1]

/** As the engine keeps states, as far as it matters here. */
class States {
  readonly #cells = new Map<unknown, { key: unknown; state: Dated | undefined }>()

  get(key: unknown): Dated | undefined {
    return this.#cells.get(key)?.state
  }

  set(key: unknown, state: Dated): void {
    this.#cells.set(key, { key, state })
  }

  cell(key: unknown) {
    const cell = this.#cells.get(key) ?? { key, state: undefined }
    this.#cells.set(key, cell)
    return cell
  }

  touch(cell: { key: unknown }): boolean {
    return this.#cells.get(cell.key) === cell
  }

  remove(cell: { key: unknown; state: Dated | undefined }): void {
    if (!this.touch(cell)) return
    cell.state = undefined
    this.#cells.delete(cell.key)
  }
}

function dueKeys(lines?: number) {
  const states = new States()
  const dues = new DueKeys<Dated>(states as unknown as ConstructorParameters<typeof DueKeys<Dated>>[0], time, lines)
  let kept = 0
  const stateOf = (key: unknown): Dated => {
    const cell = states.cell(key)
    cell.state ??= new Dated()
    // One in two as if it had been restored.
    if (kept++ % 2 === 0) cell.state.cell ??= cell as Dated['cell']
    return cell.state
  }
  const takeAll = (epoch: number) => {
    const taken: unknown[] = []
    for (let due = dues.take(epoch); due !== undefined; due = dues.take(epoch)) taken.push(due.key)
    return taken
  }
  return { states, dues, stateOf, takeAll }
}

describe('DueKeys', () => {
  it('gives what is due exactly in the order of times, and each key once for each of its times', () => {
    const { dues, stateOf, takeAll } = dueKeys()
    for (const [key, at] of [
      ['b', 7],
      ['a', 9],
      ['a', 5],
      ['a', 8],
      ['c', 10],
    ] as const)
      dues.watch(key, stateOf(key), at)
    expect(takeAll(4)).toEqual([])
    expect(takeAll(9)).toEqual(['a', 'b', 'a'])
    expect(takeAll(20)).toEqual(['c'])
    expect(dues.queued).toBe(0)
  })

  it('gives those in line once each, in the order in which they came', () => {
    const { dues, stateOf, takeAll } = dueKeys()
    const keys = Array.from({ length: 3_000 }, (_, key) => key)
    for (const key of keys) for (const at of [key, key + 1]) dues.watchInLine(key, stateOf(key), at)
    expect(dues.queued).toBe(3_000)
    expect(takeAll(1_499)).toEqual(keys.slice(0, 1_500))
    expect(takeAll(1_499)).toEqual([])
    expect(takeAll(3_000)).toEqual(keys.slice(1_500))
    expect(dues.queued).toBe(0)
  })

  it('gives what is due although one that is due much later came before it, and that one too when it is due', () => {
    const { dues, stateOf, takeAll } = dueKeys()
    for (const [key, at] of [
      ['a', 1],
      ['far', 1_000],
      ['farther', 2_000],
      ['b', 2],
      ['c', 4],
    ] as const)
      dues.watchInLine(key, stateOf(key), at)
    expect(takeAll(3)).toEqual(['a', 'b'])
    expect(takeAll(5)).toEqual(['c'])
    expect(takeAll(1_500)).toEqual(['far'])
    expect(takeAll(2_500)).toEqual(['farther'])
    expect(dues.queued).toBe(0)
  })

  it('has a line of its own for each kind of due', () => {
    const { dues, stateOf, takeAll } = dueKeys(2)
    const keys = Array.from({ length: 1_000 }, (_, key) => key)
    for (const key of keys) dues.watchInLine(key, stateOf(key), key % 2 === 0 ? key : key + 500, key % 2)
    expect(takeAll(499)).toEqual(keys.filter((key) => key % 2 === 0 && key < 500))
    dues.forget(501, stateOf(501))
    expect(takeAll(2_000)).toEqual([
      ...keys.filter((key) => key % 2 === 0 && key >= 500),
      ...keys.filter((key) => key % 2 === 1 && key !== 501),
    ])
    expect(dues.queued).toBe(0)
  })

  it('gives a key again that is watched again', () => {
    const { dues, stateOf, takeAll } = dueKeys()
    for (const key of ['a', 'b', 'c']) dues.watchInLine(key, stateOf(key), 1)
    expect(dues.take(1)?.key).toBe('a')
    dues.watchInLine('a', stateOf('a'), 5)
    expect(takeAll(1)).toEqual(['b', 'c'])
    expect(takeAll(5)).toEqual(['a'])
  })

  it('gives no key that was forgotten, or whose state is another one now', () => {
    const { states, dues, stateOf, takeAll } = dueKeys()
    for (const key of ['a', 'b', 'c', 'd']) dues.watch(key, stateOf(key), 1)
    for (const key of ['e', 'f', 'g']) dues.watchInLine(key, stateOf(key), 1)
    for (const key of ['a', 'e']) dues.forget(key, stateOf(key))
    for (const key of ['b', 'f']) states.set(key, new Dated())
    expect(takeAll(1).sort()).toEqual(['c', 'd', 'g'])
    expect(dues.queued).toBe(0)
  })

  it('does not keep entries of a key that is due early again and again, besides one that is due late', () => {
    const { dues, stateOf, takeAll } = dueKeys()
    dues.watch('a', stateOf('a'), 1_000_000)
    for (let now = 0; now < 1_000; now += 10) {
      dues.watch('a', stateOf('a'), now + 5)
      dues.watch('a', stateOf('a'), 1_000_000)
      expect(takeAll(now + 5)).toEqual(['a'])
      expect(dues.queued).toBe(1)
    }
  })
})
