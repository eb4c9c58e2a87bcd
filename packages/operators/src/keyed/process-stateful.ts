import type { StatefulLogic } from '@malstrom/core'
import type { OperatorDefinition } from '../stream/definition.ts'
import { GuardedOutput } from '../time/guarded-output.ts'
import { cellCode, writeCell } from './cell-code.ts'
import { stateOptions } from './state-options.ts'

// biome-ignore lint/suspicious/noExplicitAny: erased, the stream's types have checked the logic
type AnyStatefulLogic = StatefulLogic<any, any, any, any, any>

/** A custom operator with one state per key. */
export function processStateful(logic: AnyStatefulLogic): OperatorDefinition {
  return {
    kind: 'statefulOp',
    state: stateOptions(logic),
    open(context, input) {
      const store = context.keyedState<unknown, unknown>()
      const output = new GuardedOutput(context.operatorName, input.time)
      return {
        snapshot: () => output.frontier,
        restore: (saved) => output.restore(saved),
        record(code, record) {
          const user = code.bind('logic', logic)
          const out = code.bind('output', output)
          code.setup(`${out}.send = ${code.emitter()}`)
          const { state, read, write } = cellCode(code, store, record.key, `${user}.init(${record.key})`)
          const call = `${user}.onData(${record.value}, ${state}, ${out}, ${record.key}, ${record.timestamp})`
          return [read, `${state} = ${call}`, write].join('\n')
        },
        epoch(code, epoch) {
          const out = code.bind('output', output)
          const call = `${code.bind('logic', logic)}.onEpoch(${epoch}, ${code.bind('states', store)}, ${out})\n`
          return `${logic.onEpoch === undefined ? '' : call}${out}.advance(${epoch})\n${code.advance(epoch)}`
        },
        interpret(next) {
          output.send = (value, key, timestamp) => next.data(value, key, timestamp)
          return {
            data: (value, key, timestamp) => {
              const cell = store.cell(key)
              const state = logic.onData(value, cell.state === undefined ? logic.init(key) : cell.state, output, key, timestamp)
              writeCell(store, cell, state)
            },
            epoch: (epoch) => {
              logic.onEpoch?.(epoch, store, output)
              output.advance(epoch)
              next.epoch(epoch)
            },
          }
        },
      }
    },
  }
}
