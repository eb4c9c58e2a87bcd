import { MalstromError, type StateStore } from '@malstrom/core'
import type { OnError } from '../error-policy/on-error.ts'
import { FAILED, RecordPolicy, withPolicy } from '../error-policy/record-policy.ts'
import type { OperatorDefinition } from '../stream/definition.ts'
import type { Change } from './change.ts'
import { type KeyTable, TableRunner, type TableSteps } from './table-runner.ts'

interface TableOptions {
  /** Changes, or values that are rows to add. @default 'changes' */
  readonly reads?: 'changes' | 'rows'
  readonly onError?: OnError
}

/** An operator that settles at epochs. */
export function tableOperator<A>(
  kind: string,
  steps: TableSteps<A>,
  { reads = 'changes', onError = 'fail' }: TableOptions = {},
): OperatorDefinition {
  return withPolicy(onError, {
    kind,
    state: {},
    open(context, input) {
      const store = context.keyedState() as StateStore<unknown, KeyTable<unknown>>
      const refuse = (key: unknown, timestamp: unknown): never => {
        throw new MalstromError(
          'ERR_RECORD_INVALID',
          `A change takes a row away from the table of the key ${String(key)} at ${String(timestamp)} that is not in it. Every row of diff -1 must have been added before with diff 1 and an equal value, at the same timestamp or an earlier one.`,
          { context: { operator: context.operatorName, key, timestamp } },
        )
      }
      const runner = new TableRunner(store, input.time, steps as TableSteps<unknown>, refuse)
      const policy = new RecordPolicy(onError, context)
      const { counters } = context
      return {
        snapshot: () => runner.frontier,
        restore: (saved) => runner.restore(saved),
        explain: () => runner.explain(),
        arrived: (key, state) => runner.arrived(key, state as KeyTable<unknown>),
        record(code, record) {
          const name = code.bind('table', runner)
          const { value, key, timestamp } = record
          const item = code.local('item')
          code.setup(`${name}.send = ${code.emitter()}`)
          const [row, diff] = reads === 'rows' ? [value, '1'] : [`${value}.value`, `${value}.diff`]
          const attempt = `${item} = ${name}.itemOf(${row}, ${key}, ${timestamp})`
          const late = `if (${name}.isLate(${timestamp})) ${code.count(`${code.bind('counters', counters)}.late`)}`
          return policy.lines(code, record, attempt, `${late}\n${name}.add(${item}, ${diff}, ${key}, ${timestamp})`)
        },
        epoch: (code, epoch) => `${code.bind('table', runner)}.advance(${epoch})\n${policy.epochLines(code, epoch)}`,
        interpret(next, deadLetters) {
          runner.send = (value, key, timestamp) => next.data(value, key, timestamp)
          const isRow = reads === 'rows'
          const itemOf = policy.guarded(
            (value, key, timestamp) => runner.itemOf(isRow ? value : (value as Change<unknown>).value, key, timestamp),
            deadLetters,
          )
          const advance = policy.epochs(next, deadLetters)
          return {
            data(value, key, timestamp) {
              const item = itemOf(value, key, timestamp)
              if (item === FAILED) return
              if (runner.isLate(timestamp)) counters.late++
              runner.add(item, isRow ? 1 : (value as Change<unknown>).diff, key, timestamp)
            },
            epoch(epoch) {
              runner.advance(epoch)
              advance(epoch)
            },
          }
        },
      }
    },
  })
}
