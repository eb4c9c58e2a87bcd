import type { Cell, RecordNames, StateDefinition, TaskCode } from '@malstrom/core'
import type { OnError } from '../error-policy/on-error.ts'
import { FAILED, RecordPolicy, withPolicy } from '../error-policy/record-policy.ts'
import type { OperatorDefinition } from '../stream/definition.ts'
import { undoCell, writeCell } from './cell-code.ts'
import { expiringState, StateTtl, type Ttl } from './state-ttl.ts'

/** What an operator does that has one state per key and at most one output per record. */
export interface CellSteps {
  /**
   * Lines that replace the variable `state`, which is `undefined` for a key that has none and afterwards for one to
   * forget, and an expression for the output. If `when` is there and false, the record has no output and writes nothing.
   */
  update(code: TaskCode, state: string, record: RecordNames): { readonly lines: string; readonly output: string; readonly when?: string }
  /** The interpreted form: `[output, state]`, or `undefined` where `when` is false. */
  apply(state: unknown, value: unknown, key: unknown, timestamp: unknown): readonly [output: unknown, state: unknown] | undefined
}

/** A kind with a time to live is one of its own: its states look different, so saved ones of the other are refused. */
export function cellOperator(
  kind: string,
  definition: StateDefinition,
  ttl: Ttl | undefined,
  steps: CellSteps,
  onError: OnError = 'fail',
): OperatorDefinition {
  return withPolicy(onError, {
    kind: ttl === undefined ? kind : `${kind}WithTtl`,
    state: expiringState(definition, ttl),
    open(context) {
      const store = context.keyedState<unknown, unknown>()
      const policy = new RecordPolicy(onError, context)
      if (ttl === undefined) {
        return {
          record(code, record) {
            const cell = code.local('cell')
            const state = code.local('state')
            const { lines, output, when = 'true' } = steps.update(code, state, record)
            const write = `if (${state} === undefined) ${code.bind('states', store)}.remove(${cell})\nelse ${cell}.state = ${state}`
            const act = `${write}\n${code.emit({ ...record, value: output })}`
            return [
              `${cell} = ${code.bind('states', store)}.cell(${record.key})\n${state} = ${cell}.state`,
              policy.lines(
                code,
                record,
                lines,
                when === 'true' ? act : `if (${when}) {\n${act}\n}`,
                `if (${cell}.state === undefined) ${code.bind('states', store)}.remove(${cell})`,
              ),
            ].join('\n')
          },
          interpret(next, deadLetters) {
            let cell: Cell<unknown, unknown>
            const attempt = policy.guarded(
              (value, key, timestamp) => steps.apply(cell.state, value, key, timestamp),
              deadLetters,
              () => undoCell(store, cell),
            )
            return {
              data: (value, key, timestamp) => {
                cell = store.cell(key)
                const result = attempt(value, key, timestamp)
                if (result === undefined || result === FAILED) return
                writeCell(store, cell, result[1])
                next.data(result[0], key, timestamp)
              },
              epoch: policy.epochs(next, deadLetters),
            }
          },
        }
      }
      const expiry = new StateTtl(ttl, store)
      return {
        arrived: (key, state) => expiry.arrived(key, state),
        record(code, record) {
          const states = code.bind('states', store)
          const cell = code.local('cell')
          const entry = code.local('entry')
          const state = code.local('state')
          const { lines, output, when = 'true' } = steps.update(code, state, record)
          const act = [
            `if (${state} === undefined) ${states}.remove(${cell})`,
            `else if (${entry} === undefined) ${cell}.state = ${code.bind('ttl', expiry)}.create(${cell}.key, ${state}, ${record.timestamp})`,
            `else {\n${expiry.writeLines(code, entry, state, record.timestamp)}\n}`,
            code.emit({ ...record, value: output }),
          ].join('\n')
          return [
            `${cell} = ${states}.cell(${record.key})\n${entry} = ${cell}.state`,
            `${state} = ${entry} === undefined ? undefined : ${entry}.state`,
            policy.lines(
              code,
              record,
              lines,
              when === 'true' ? act : `if (${when}) {\n${act}\n}`,
              `if (${entry} === undefined) ${states}.remove(${cell})`,
            ),
          ].join('\n')
        },
        epoch: (code, epoch) => `${code.bind('ttl', expiry)}.expire(${epoch})\n${policy.epochLines(code, epoch)}`,
        interpret(next, deadLetters) {
          let cell: Cell<unknown, ReturnType<StateTtl['create']>>
          const attempt = policy.guarded(
            (value, key, timestamp) => steps.apply(cell.state?.state, value, key, timestamp),
            deadLetters,
            () => undoCell(store, cell),
          )
          const advance = policy.epochs(next, deadLetters)
          return {
            data: (value, key, timestamp) => {
              cell = store.cell(key) as typeof cell
              const result = attempt(value, key, timestamp)
              if (result === undefined || result === FAILED) return
              const [output, state] = result
              if (state === undefined) store.remove(cell)
              else if (cell.state === undefined) cell.state = expiry.create(cell.key, state, timestamp)
              else expiry.write(cell.state, state, timestamp)
              next.data(output, key, timestamp)
            },
            epoch: (epoch) => {
              expiry.expire(epoch)
              advance(epoch)
            },
          }
        },
      }
    },
  })
}
