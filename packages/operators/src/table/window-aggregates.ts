import type { Callback } from '../stream/definition.ts'
import type { WindowFunctions } from '../window/window-functions.ts'
import { checkOrdered, checkSummand, type Ordered } from './ordered.ts'
import { checkMark } from './running-distinct.ts'
import { addToTop, type RankedRows, type Top } from './top-rows.ts'

/** Accumulators of ours have no version: what they look like is ours to keep. */
const unversioned = { version: undefined, migrate: undefined } as const

export const windowCount: WindowFunctions = {
  ...unversioned,
  needsEach: true,
  init: () => 0,
  add: (count) => (count as number) + 1,
  merge: (earlier, later) => (earlier as number) + (later as number),
  emit: undefined,
}

export function windowSum(of: Callback): WindowFunctions {
  return {
    ...unversioned,
    init: () => undefined,
    add(sum, value, key, timestamp) {
      const item = of(value, key, timestamp)
      checkSummand(item)
      return sum === undefined ? item : (sum as number) + item
    },
    merge: (earlier, later) => (earlier as number) + (later as number),
    emit: undefined,
  }
}

interface SumAndCount {
  sum: number | bigint
  count: number
}

export function windowAverage(of: Callback): WindowFunctions {
  return {
    ...unversioned,
    needsEach: true,
    init: () => undefined,
    add(accumulator, value, key, timestamp) {
      const item = of(value, key, timestamp)
      checkSummand(item)
      if (accumulator === undefined) return { sum: item, count: 1 } satisfies SumAndCount
      const average = accumulator as SumAndCount
      average.sum += item
      average.count++
      return average
    },
    merge(earlier, later) {
      const [a, b] = [earlier as { sum: number; count: number }, later as { sum: number; count: number }]
      return { sum: a.sum + b.sum, count: a.count + b.count }
    },
    emit(accumulator) {
      const { sum, count } = accumulator as SumAndCount
      return Number(sum) / count
    },
  }
}

/** Of equal ones the first. */
export function windowExtreme(kind: 'min' | 'max', of: Callback): WindowFunctions {
  const better = (a: Ordered, b: Ordered) => (kind === 'min' ? a < b : a > b)
  return {
    ...unversioned,
    init: () => undefined,
    add(best, value, key, timestamp) {
      const item: Ordered = of(value, key, timestamp)
      checkOrdered(item)
      return best === undefined || better(item, best as Ordered) ? item : best
    },
    merge: (earlier, later) => (better(later as Ordered, earlier as Ordered) ? later : earlier),
    emit: undefined,
  }
}

export function windowDistinct(by: Callback): WindowFunctions {
  return {
    ...unversioned,
    init: () => new Map(),
    add(accumulator, value, key, timestamp) {
      const first = accumulator as Map<unknown, unknown>
      const mark = by(value, key, timestamp)
      checkMark(mark)
      if (!first.has(mark)) first.set(mark, value)
      return first
    },
    merge(earlier, later) {
      const first = new Map(earlier as Map<unknown, unknown>)
      for (const [mark, value] of later as Map<unknown, unknown>) if (!first.has(mark)) first.set(mark, value)
      return first
    },
    emit: (first) => [...(first as Map<unknown, unknown>).values()],
  }
}

export function windowTopN(by: Callback, top: Top): WindowFunctions {
  const left: unknown[] = []
  const add = (ranked: RankedRows, row: unknown, rank: Ordered) => {
    addToTop(ranked, top, row, rank, left)
    left.length = 0
  }
  return {
    ...unversioned,
    init: (): RankedRows => ({ rows: [], ranks: [] }),
    add(ranked, value, key, timestamp) {
      const rank = by(value, key, timestamp)
      checkOrdered(rank)
      add(ranked as RankedRows, value, rank)
      return ranked
    },
    merge(earlier, later) {
      const { rows, ranks } = earlier as RankedRows
      const merged: RankedRows = { rows: [...rows], ranks: [...ranks] }
      const other = later as RankedRows
      for (let index = 0; index < other.rows.length; index++) add(merged, other.rows[index], other.ranks[index] as Ordered)
      return merged
    },
    emit: (ranked) => [...(ranked as RankedRows).rows],
  }
}
