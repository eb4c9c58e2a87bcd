import type { StateDefinition } from '@malstrom/core'
import type { Callback, OperatorDefinition } from '../stream/definition.ts'
import { cellCode, writeCell } from './cell-code.ts'

/** Emits the combination of all values of the key so far; the first value as it is. */
export function reduce(f: Callback, state: StateDefinition): OperatorDefinition {
  return {
    kind: 'reduce',
    state,
    open(context) {
      const store = context.keyedState<unknown, unknown>()
      return {
        record(code, record) {
          const { state, read, write } = cellCode(code, store, record.key, 'undefined')
          const call = `${code.bind('reduce', f)}(${state}, ${record.value}, ${record.key}, ${record.timestamp})`
          return [
            read,
            `${state} = ${state} === undefined ? ${record.value} : ${call}`,
            write,
            code.emit({ ...record, value: state }),
          ].join('\n')
        },
        interpret: (next) => ({
          data: (value, key, timestamp) => {
            const cell = store.cell(key)
            const state = cell.state === undefined ? value : f(cell.state, value, key, timestamp)
            writeCell(store, cell, state)
            next.data(state, key, timestamp)
          },
          epoch: (epoch) => next.epoch(epoch),
        }),
      }
    },
  }
}
