import { MalstromError } from '@malstrom/core'
import type { OnError } from '../error-policy/on-error.ts'
import type { Ttl } from '../keyed/state-ttl.ts'
import type { Callback, OperatorDefinition } from '../stream/definition.ts'
import { checkOrdered, type Ordered, sameOrder } from './ordered.ts'
import { rowIdentity } from './row-identity.ts'
import { tableOperator } from './table-operator.ts'
import type { TableSteps } from './table-runner.ts'
import { insertRow, placeOf, type RankedRows, type Top, topCount } from './top-rows.ts'

/** The rows with the highest ranks; all rows are kept, because one that goes makes room for another. */
export function tableTopN(by: Callback, top: Top, onError: OnError): OperatorDefinition {
  interface Ranked extends RankedRows {
    /** The rows that were emitted. */
    shown: readonly unknown[]
  }
  const steps: TableSteps<Ranked> = {
    itemOf(row, key, timestamp) {
      const rank = by(row, key, timestamp)
      checkOrdered(rank)
      return { row, rank }
    },
    init: () => ({ rows: [], ranks: [], shown: [] }),
    apply(table, item, diff) {
      const { row, rank } = item as { row: unknown; rank: Ordered }
      let place = placeOf(table.ranks, rank)
      if (diff > 0) {
        insertRow(table, place, row, rank)
        return true
      }
      const identity = rowIdentity(row)
      while (place > 0 && sameOrder(table.ranks[place - 1] as Ordered, rank)) {
        place--
        if (rowIdentity(table.rows[place]) !== identity) continue
        table.rows.splice(place, 1)
        table.ranks.splice(place, 1)
        return true
      }
      return false
    },
    settle(table, emit) {
      const { shown } = table
      const next = table.rows.slice(0, topCount(table, top))
      if (next.length === shown.length && next.every((row, index) => row === shown[index])) return
      table.shown = next
      const kept = countsOf(next)
      for (const row of shown) if (!take(kept, row)) emit(row, -1)
      const had = countsOf(shown)
      for (const row of next) if (!take(had, row)) emit(row, 1)
    },
    isEmpty: ({ rows }) => rows.length === 0,
  }
  return tableOperator('tableTopN', steps, { onError })
}

function countsOf(rows: readonly unknown[]): Map<unknown, number> {
  const counts = new Map<unknown, number>()
  for (const row of rows) {
    const identity = rowIdentity(row)
    counts.set(identity, (counts.get(identity) ?? 0) + 1)
  }
  return counts
}

/** Takes one row like this one; `false` if there is none. */
function take(counts: Map<unknown, number>, row: unknown): boolean {
  const identity = rowIdentity(row)
  const count = counts.get(identity) ?? 0
  counts.set(identity, count - 1)
  return count > 0
}

interface Copies {
  readonly row: unknown
  count: number
  /** Whether readers have been told of it. */
  shown: boolean
}

interface Bag {
  readonly copies: Map<unknown, Copies>
  /** Rows that have changed since the last step. */
  readonly touched: Set<unknown>
}

function applyToBag({ copies, touched }: Bag, row: unknown, diff: number): boolean {
  const identity = rowIdentity(row)
  let entry = copies.get(identity)
  if (entry === undefined) {
    entry = { row, count: 0, shown: false }
    copies.set(identity, entry)
  }
  entry.count += diff
  touched.add(identity)
  return entry.count >= 0
}

const emptyBag = (): Bag => ({ copies: new Map(), touched: new Set() })
const bagIsEmpty = ({ copies }: Bag): boolean => copies.size === 0

/** Each row once, however many copies there are. */
export function tableDistinct(): OperatorDefinition {
  return tableOperator<Bag>('tableDistinct', {
    itemOf: (row) => row,
    init: emptyBag,
    apply: applyToBag,
    settle({ copies, touched }, emit) {
      for (const identity of touched) {
        const entry = copies.get(identity) as Copies
        if (entry.count === 0) copies.delete(identity)
        if (entry.count > 0 === entry.shown) continue
        entry.shown = !entry.shown
        emit(entry.row, entry.shown ? 1 : -1)
      }
      touched.clear()
    },
    isEmpty: bagIsEmpty,
  })
}

/** The one row of each key when it has become another. */
export function tableUpserts(): OperatorDefinition {
  return tableOperator<Bag>('tableUpserts', {
    itemOf: (row) => row,
    init: emptyBag,
    apply: applyToBag,
    settle({ copies, touched }, emit, key) {
      let emptied = false
      for (const identity of touched) {
        const entry = copies.get(identity) as Copies
        if (entry.count > 0) continue
        copies.delete(identity)
        if (entry.shown) emptied = true
      }
      touched.clear()
      const [first] = copies.values()
      if (copies.size > 1 || (first !== undefined && first.count > 1)) refuseRows(key)
      if (first === undefined) {
        if (emptied) emit(undefined, -1)
      } else if (!first.shown) {
        first.shown = true
        emit(first.row, 1)
      }
    },
    outputOf: (value, key) => ({ key, value }),
    isEmpty: bagIsEmpty,
  })
}

function refuseRows(key: unknown): never {
  throw new MalstromError(
    'ERR_RECORD_INVALID',
    `The key ${String(key)} has several rows, so an upsert cannot say which is its row. Aggregate the rows of a key before toUpserts, or group by a key that tells them apart.`,
    { context: { key } },
  )
}

interface Latest {
  row: unknown
  /** When the row was written. */
  written: unknown
  result: unknown
}

/** An item: a row and its timestamp, or with `expires` the end of the row that was written at `timestamp`. */
interface Write {
  readonly row: unknown
  readonly timestamp: unknown
  readonly expires: boolean
}

/** The latest row of each key by event time; `undefined` is none. */
export function tableOfLatest(ttl: Ttl | undefined): OperatorDefinition {
  return tableOperator<Latest>(
    ttl === undefined ? 'table' : 'tableWithTtl',
    {
      itemOf: (row, _key, timestamp): Write => ({ row, timestamp, expires: false }),
      init: () => ({ row: undefined, written: undefined, result: undefined }),
      apply(table, item) {
        const { row, timestamp, expires } = item as Write
        // What expires may have been written again at this very moment.
        if (expires && ttl?.time.compare(table.written, timestamp) !== 0) return true
        table.row = row
        table.written = timestamp
        return true
      },
      settle(table, emit) {
        const { row, result } = table
        if (row === result || (result !== undefined && rowIdentity(row) === rowIdentity(result))) return
        table.result = row
        if (result !== undefined) emit(result, -1)
        if (row !== undefined) emit(row, 1)
      },
      isEmpty: ({ row }) => row === undefined,
      ...(ttl === undefined
        ? {}
        : {
            laterOf: ({ row, written }: Latest, timestamp: unknown) =>
              row === undefined || ttl.time.compare(written, timestamp) !== 0
                ? undefined
                : { timestamp: ttl.after(timestamp), item: { row: undefined, timestamp, expires: true } satisfies Write },
          }),
    },
    { reads: 'rows' },
  )
}
