import type { StateDefinition } from '@malstrom/core'
import type { Callback, OperatorDefinition } from '../stream/definition.ts'
import { cellCode, checkPair, checkPairLines, writeCell } from './cell-code.ts'

/** Exactly one output per record, and a new state for its key; an `undefined` state forgets the key. */
export function statefulMap(init: Callback, f: Callback, state: StateDefinition): OperatorDefinition {
  return {
    kind: 'statefulMap',
    state,
    open(context) {
      const store = context.keyedState<unknown, unknown>()
      return {
        record(code, record) {
          const { state, read, write } = cellCode(code, store, record.key, `${code.bind('init', init)}(${record.key})`)
          const result = code.local('result')
          const call = `${code.bind('statefulMap', f)}(${state}, ${record.value}, ${record.key}, ${record.timestamp})`
          const check = checkPairLines(code, result)
          return [
            read,
            `${result} = ${call}`,
            check,
            `${state} = ${result}[1]`,
            write,
            code.emit({ ...record, value: `${result}[0]` }),
          ].join('\n')
        },
        interpret: (next) => ({
          data: (value, key, timestamp) => {
            const cell = store.cell(key)
            const result = f(cell.state === undefined ? init(key) : cell.state, value, key, timestamp)
            checkPair(result)
            const [output, state] = result
            writeCell(store, cell, state)
            next.data(output, key, timestamp)
          },
          epoch: (epoch) => next.epoch(epoch),
        }),
      }
    },
  }
}
