import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type CellsSave, SavedRows } from './cells-save.ts'
import { KeyedCells } from './keyed-cells.ts'

interface Counter {
  count: number
}

type Step =
  | { readonly do: 'change' | 'remove'; readonly key: number }
  | { readonly do: 'begin'; readonly whole: boolean }
  | { readonly do: 'slice'; readonly rows: number }
  | { readonly do: 'finish' | 'abandon' }

const key = fc.nat(7)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('change' as const), key }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('remove' as const), key }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('begin' as const), whole: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('slice' as const), rows: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('finish' as const, 'abandon' as const) }) },
)

type Row = readonly [key: number, state: Counter | undefined, removed: boolean]

/** Cells of which snapshots are taken as a worker takes them, and a plain map beside them. */
class Saved {
  readonly cells = new KeyedCells<number, Counter>()
  readonly model = new Map<number, number>()
  /** What has been written so far: all states of some time, and changes. */
  #parts: Row[][] = []
  #save: CellsSave<number, Counter> | undefined
  #rows: Row[] = []
  #expected = new Map<number, number>()
  readonly #memory = new SavedRows(4)

  constructor() {
    this.cells.trackChanges()
  }

  do(action: Step): void {
    if (action.do === 'change') this.#change(action.key)
    else if (action.do === 'remove') expect(this.cells.delete(action.key)).toBe(this.model.delete(action.key))
    else if (action.do === 'begin') this.#begin(action.whole)
    else if (action.do === 'slice') this.#slice(action.rows)
    else if (action.do === 'finish') this.finish()
    else this.#abandon()
  }

  finish(): void {
    if (this.#save === undefined) return
    while (!this.#save.done) this.#slice(3)
    this.#parts.push(this.#rows)
    this.#save = undefined
    expect(restored(this.#parts)).toEqual(this.#expected)
  }

  #change(target: number): void {
    const cell = this.cells.cell(target)
    // In place, as users do.
    if (cell.state === undefined) cell.state = { count: 1 }
    else cell.state.count++
    this.model.set(target, cell.state.count)
  }

  #begin(whole: boolean): void {
    if (this.#save !== undefined) return
    const all = whole || this.#parts.length === 0
    if (all) this.#parts = []
    this.#rows = []
    this.#expected = new Map(this.model)
    this.#save = this.cells.takeSnapshot(all, { pack: (state) => ({ ...state }), copy: (state) => ({ ...state }) })
  }

  #slice(rows: number): void {
    if (this.#save === undefined || this.#save.done) return
    this.#save.take(this.#memory, rows)
    const { count, keys, states, removed } = this.#memory
    for (let i = 0; i < count; i++) this.#rows.push([keys[i] as number, states[i] as Counter | undefined, removed[i] as boolean])
  }

  /** The next one has to write all. */
  #abandon(): void {
    if (this.#save === undefined) return
    this.#save.abandon()
    this.#save = undefined
    this.#parts = []
  }
}

function restored(parts: readonly (readonly Row[])[]): Map<number, number> {
  const cells = new KeyedCells<number, Counter>()
  for (const [index, rows] of parts.entries()) {
    for (const [name, state, removed] of rows) {
      if (removed) cells.restoreRemoval(name)
      else cells.restore(name, state as Counter, index === 0)
    }
  }
  return new Map([...cells].map(([name, { count }]) => [name, count]))
}

describe('CellsSave', () => {
  it('gives the states as they were when it was taken, also after one that was abandoned half-way (model test)', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const saved = new Saved()
        for (const each of steps) saved.do(each)
        saved.finish()
        expect(new Map([...saved.cells].map(([name, { count }]) => [name, count]))).toEqual(saved.model)
      }),
      { numRuns: 1_000 },
    )
  })
})
