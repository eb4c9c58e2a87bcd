import type { StateDefinition } from '@malstrom/core'
import type { Callback, OperatorDefinition } from '../stream/definition.ts'
import { cellCode, writeCell } from './cell-code.ts'

/** Emits the new state of the key for every record. */
export function fold(init: Callback, f: Callback, state: StateDefinition): OperatorDefinition {
  return {
    kind: 'fold',
    state,
    open(context) {
      const store = context.keyedState<unknown, unknown>()
      return {
        record(code, record) {
          const { state, read, write } = cellCode(code, store, record.key, `${code.bind('init', init)}(${record.key})`)
          const call = `${code.bind('fold', f)}(${state}, ${record.value}, ${record.key}, ${record.timestamp})`
          return [read, `${state} = ${call}`, write, code.emit({ ...record, value: state })].join('\n')
        },
        interpret: (next) => ({
          data: (value, key, timestamp) => {
            const cell = store.cell(key)
            const state = f(cell.state === undefined ? init(key) : cell.state, value, key, timestamp)
            writeCell(store, cell, state)
            next.data(state, key, timestamp)
          },
          epoch: (epoch) => next.epoch(epoch),
        }),
      }
    },
  }
}
