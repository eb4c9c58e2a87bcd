import type { OperatorInfo } from '@malstrom/core'
import { type Callback, callbackArguments, type OperatorDefinition } from '../stream/definition.ts'

/** Looks at every record and passes it on unchanged. */
export function inspect(f: Callback): OperatorDefinition {
  return {
    kind: 'inspect',
    open(context, input) {
      const info: OperatorInfo = { workerId: context.workerId, operatorName: context.operatorName }
      return {
        record: (code, record) =>
          `${code.bind('inspect', f)}(${callbackArguments(input, record)}, ${code.bind('info', info)})\n${code.emit(record)}`,
        interpret: (next) => ({
          data: (value, key, timestamp) => {
            if (input.keyed) f(value, key, timestamp, info)
            else f(value, timestamp, info)
            next.data(value, key, timestamp)
          },
          epoch: (epoch) => next.epoch(epoch),
        }),
      }
    },
  }
}
