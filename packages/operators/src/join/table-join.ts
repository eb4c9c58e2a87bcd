import { checkOptionNames, type StateStore, type TimestampAlgebra } from '@malstrom/core'
import type { OnError } from '../error-policy/on-error.ts'
import { withPolicy } from '../error-policy/record-policy.ts'
import { placeIn } from '../keyed/placed.ts'
import type { Callback, OperatorDefinition } from '../stream/definition.ts'
import { LastEpoch } from '../time/last-epoch.ts'
import { shiftOf } from '../window/duration.ts'
import { ttlOf } from './distance.ts'
import { Dated, DueKeys } from './due-keys.ts'
import { guardedCall, JoinResults } from './failed-call.ts'
import { checkJoinType, type JoinType, LEFT } from './join-type.ts'
import { notAfterOf } from './not-after.ts'
import { checkRetention, type Retention } from './retention.ts'

/** A table has no order of its own that its rows could be emitted in, so nothing is kept of them alone. */
export type TableJoinType = Extract<JoinType, 'inner' | 'left'>

const TYPES: readonly TableJoinType[] = ['inner', 'left']

export type TableJoinOptions<T, J extends TableJoinType> = Retention<T> & {
  /** What becomes of records that find no row. @default 'inner' */
  readonly type?: J
}

export interface ErasedTableOptions {
  readonly type?: TableJoinType
  readonly ttl?: unknown
  readonly unbounded?: boolean
  readonly onError?: OnError
}

export interface TableRules {
  readonly type: TableJoinType
  /** The last timestamp for which a row of this timestamp is valid; `undefined` if it is for ever. */
  readonly validTo: ((timestamp: unknown) => unknown) | undefined
}

/** @throws MalstromError `ERR_OPERATOR_ARGUMENT` */
export function checkTableJoin(owner: string, options: ErasedTableOptions, time: TimestampAlgebra<unknown>): TableRules {
  checkOptionNames(owner, options, ['type', 'ttl', 'unbounded', 'onError'])
  checkRetention(options)
  const type = checkJoinType(options.type, TYPES)
  if (options.ttl === undefined) return { type, validTo: undefined }
  const shift = shiftOf(time)
  const units = ttlOf(options.ttl, time)
  return { type, validTo: (timestamp) => shift(timestamp, units) }
}

/** The latest row of one key. */
class Row extends Dated {
  value: unknown
  /** The last timestamp for which it is valid; `undefined` if it is for ever. */
  validTo: unknown

  constructor(value: unknown, validTo: unknown) {
    super()
    this.value = value
    this.validTo = validTo
  }
}

type PackedRow = readonly [value: unknown, validTo: unknown]

/** What is known of the rows of a table on one worker. */
class Table {
  readonly #store: StateStore<unknown, Row>
  readonly #dues: DueKeys<Row>
  readonly #rules: TableRules
  readonly #notAfter: (a: unknown, b: unknown) => boolean

  constructor(store: StateStore<unknown, Row>, rules: TableRules, time: TimestampAlgebra<unknown>) {
    this.#store = store
    this.#dues = new DueKeys(store, time)
    this.#rules = rules
    this.#notAfter = notAfterOf(time)
    for (const [key, row] of store) this.watch(key, row)
  }

  /** A new row takes the place of the one before; `undefined` only takes it away. */
  put(key: unknown, value: unknown, timestamp: unknown): void {
    if (value === undefined) {
      const row = this.#store.get(key)
      if (row !== undefined) this.#dues.forget(key, row)
      return
    }
    const cell = this.#store.cell(key)
    const validTo = this.#rules.validTo?.(timestamp)
    const row = cell.state ?? new Row(value, validTo)
    row.value = value
    row.validTo = validTo
    placeIn(row, cell)
    cell.state = row
    this.watch(key, row)
  }

  /** The row that is valid for a record; `undefined` if there is none. */
  find(key: unknown, timestamp: unknown): Row | undefined {
    const row = this.#store.get(key)
    if (row === undefined || row.validTo === undefined) return row
    return this.#notAfter(timestamp, row.validTo) ? row : undefined
  }

  watch(key: unknown, row: Row): void {
    if (row.validTo !== undefined) this.#dues.watchInLine(key, row, row.validTo)
  }

  expire(epoch: unknown): void {
    for (let row = this.#dues.take(epoch); row !== undefined; row = this.#dues.take(epoch)) {
      if (this.#notAfter(row.validTo, epoch)) this.#dues.forget(row.key, row)
      else this.watch(row.key, row)
    }
  }
}

/** Each record with the latest row of its key, as rows and records happen to come. */
export function tableJoin(rules: TableRules, f: Callback, time: TimestampAlgebra<unknown>, onError: OnError): OperatorDefinition {
  const isInner = rules.type === 'inner'
  const call = guardedCall(f, onError)
  return withPolicy(onError, {
    kind: 'tableJoin',
    state: {
      pack: (row) => [(row as Row).value, (row as Row).validTo],
      unpack: (packed) => new Row(...(packed as PackedRow)),
    },
    open(context) {
      const table = new Table(context.keyedState(), rules, time)
      const results = new JoinResults(onError, context)
      const { policy } = results
      // A row that comes late counts from then on; a record that comes late would be joined behind the frontier.
      const last = new LastEpoch(time)
      const { counters } = context
      return {
        snapshot: () => last.value,
        restore: (saved) => last.restore(saved),
        arrived: (key, row) => table.watch(key, row as Row),
        record(code, record) {
          const { value, key, timestamp, side } = record
          const [row, joined] = [code.local('row'), code.local('joined')]
          const rows = code.bind('table', table)
          const found = isInner ? `${row}.value` : `${row} === undefined ? undefined : ${row}.value`
          return [
            `if (${side} !== 0) {\n${rows}.put(${key}, ${value}, ${timestamp})`,
            `} else if (${last.covers(code, timestamp)}) ${code.count(`${code.bind('counters', counters)}.late`)}\nelse {`,
            `${row} = ${rows}.find(${key}, ${timestamp})`,
            isInner ? `if (${row} !== undefined) {` : '{',
            `${joined} = ${code.bind('join', call)}(${value}, ${found}, ${key}, ${timestamp})`,
            `${results.lines(code, { value: joined, key, timestamp })}\n}\n}`,
          ].join('\n')
        },
        epoch: (code, epoch) =>
          `${code.bind('table', table)}.expire(${epoch})\n${last.slot(code)} = ${epoch}\n${policy.epochLines(code, epoch)}`,
        interpret(next, deadLetters) {
          results.interpret(next, deadLetters)
          const advance = policy.epochs(next, deadLetters)
          return {
            data: (value, key, timestamp, side = LEFT) => {
              if (side !== LEFT) {
                table.put(key, value, timestamp)
                return
              }
              if (last.isBehind(timestamp)) {
                counters.late++
                return
              }
              const row = table.find(key, timestamp)
              if (row !== undefined || !isInner) results.emit(call(value, row?.value, key, timestamp), key, timestamp)
            },
            epoch: (epoch) => {
              table.expire(epoch)
              last.value = epoch
              advance(epoch)
            },
          }
        },
      }
    },
  })
}
