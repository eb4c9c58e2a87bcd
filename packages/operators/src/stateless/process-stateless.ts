import type { StatelessLogic } from '@malstrom/core'
import type { OperatorDefinition } from '../stream/definition.ts'
import { GuardedOutput } from '../time/guarded-output.ts'

// biome-ignore lint/suspicious/noExplicitAny: erased, the stream's types have checked the logic
type AnyStatelessLogic = StatelessLogic<any, any, any, any>

/** A custom operator without state: an object with `onData` and optionally `onEpoch`, or `onData` alone. */
export function processStateless(logic: AnyStatelessLogic | AnyStatelessLogic['onData']): OperatorDefinition {
  const methods: AnyStatelessLogic = typeof logic === 'function' ? { onData: logic } : logic
  return {
    kind: 'statelessOp',
    open(context, input) {
      const output = new GuardedOutput(context.operatorName, input.time)
      return {
        snapshot: () => output.frontier,
        restore: (saved) => output.restore(saved),
        record(code, record) {
          const out = code.bind('output', output)
          code.setup(`${out}.send = ${code.emitter()}`)
          return `${code.bind('logic', methods)}.onData(${record.value}, ${out}, ${record.key}, ${record.timestamp})`
        },
        epoch(code, epoch) {
          const out = code.bind('output', output)
          const lines = methods.onEpoch === undefined ? '' : `${code.bind('logic', methods)}.onEpoch(${epoch}, ${out})\n`
          return `${lines}${out}.advance(${epoch})\n${code.advance(epoch)}`
        },
        interpret(next) {
          output.send = (value, key, timestamp) => next.data(value, key, timestamp)
          return {
            data: (value, key, timestamp) => methods.onData(value, output, key, timestamp),
            epoch: (epoch) => {
              methods.onEpoch?.(epoch, output)
              output.advance(epoch)
              next.epoch(epoch)
            },
          }
        },
      }
    },
  }
}
