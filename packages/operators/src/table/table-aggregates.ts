import type { OnError } from '../error-policy/on-error.ts'
import type { Callback, OperatorDefinition } from '../stream/definition.ts'
import { checkOrdered, checkSummand, type Ordered, sameOrder } from './ordered.ts'
import { rowIdentity } from './row-identity.ts'
import { tableOperator } from './table-operator.ts'
import type { TableSteps } from './table-runner.ts'
import { placeOf } from './top-rows.ts'

type Emit = Parameters<TableSteps<unknown>['settle']>[1]

/** What aggregates with one result have in common. */
interface Aggregated {
  rows: number
  /** The result that was emitted last. */
  result: unknown
}

export function tableCount(): OperatorDefinition {
  return tableOperator<Aggregated>('tableCount', {
    itemOf: () => undefined,
    init: () => ({ rows: 0, result: undefined }),
    apply(table, _item, diff) {
      table.rows += diff
      return table.rows >= 0
    },
    settle: (table, emit) => replaceResult(table, table.rows === 0 ? undefined : table.rows, emit),
    isEmpty: ({ rows }) => rows === 0,
  })
}

/** Sums and averages of numbers or bigints. A sum begins anew when its last row has gone. */
export function tableSum(kind: 'tableSum' | 'tableAverage', of: Callback, onError: OnError): OperatorDefinition {
  interface Sum extends Aggregated {
    sum: number | bigint | undefined
  }
  const steps: TableSteps<Sum> = {
    itemOf(value, key, timestamp) {
      const item = of(value, key, timestamp)
      checkSummand(item)
      return item
    },
    init: () => ({ rows: 0, result: undefined, sum: undefined }),
    apply(table, item, diff) {
      const added = item as number
      const sum = table.sum as number | undefined
      if (diff > 0) table.sum = sum === undefined ? added : sum + added
      else if (sum !== undefined) table.sum = sum - added
      table.rows += diff
      return table.rows >= 0
    },
    settle(table, emit) {
      if (table.rows === 0) table.sum = undefined
      const { sum, rows } = table
      replaceResult(table, kind === 'tableSum' || sum === undefined ? sum : Number(sum) / rows, emit)
    },
    isEmpty: ({ rows }) => rows === 0,
  }
  return tableOperator(kind, steps, { onError })
}

/** The smallest or largest: all values are kept, sorted, because any of them may be taken away. */
export function tableExtreme(kind: 'tableMin' | 'tableMax', of: Callback, onError: OnError): OperatorDefinition {
  interface Sorted {
    readonly ranks: Ordered[]
    result: unknown
  }
  const steps: TableSteps<Sorted> = {
    itemOf(value, key, timestamp) {
      const item = of(value, key, timestamp)
      checkOrdered(item)
      return item
    },
    init: () => ({ ranks: [], result: undefined }),
    apply({ ranks }, item, diff) {
      const place = placeOf(ranks, item as Ordered)
      if (diff > 0) {
        ranks.splice(place, 0, item as Ordered)
        return true
      }
      if (place === 0 || !sameOrder(ranks[place - 1] as Ordered, item as Ordered)) return false
      ranks.splice(place - 1, 1)
      return true
    },
    settle(table, emit) {
      const { ranks } = table
      replaceResult(table, kind === 'tableMin' ? ranks[ranks.length - 1] : ranks[0], emit)
    },
    isEmpty: ({ ranks }) => ranks.length === 0,
  }
  return tableOperator(kind, steps, { onError })
}

/** A result of `undefined` is none. */
function replaceResult(table: { result: unknown }, result: unknown, emit: Emit): void {
  const before = table.result
  if (before === result || (before !== undefined && rowIdentity(before) === rowIdentity(result))) return
  table.result = result
  if (before !== undefined) emit(before, -1)
  if (result !== undefined) emit(result, 1)
}
