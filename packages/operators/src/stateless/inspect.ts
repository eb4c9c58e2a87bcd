import type { OperatorInfo } from '@malstrom/core'
import type { OnError } from '../error-policy/on-error.ts'
import { FAILED, RecordPolicy, withPolicy } from '../error-policy/record-policy.ts'
import { type Callback, callbackArguments, type OperatorDefinition } from '../stream/definition.ts'

/** Looks at every record and passes it on unchanged. */
export function inspect(f: Callback, onError: OnError = 'fail'): OperatorDefinition {
  return withPolicy(onError, {
    kind: 'inspect',
    open(context, input) {
      const info: OperatorInfo = { workerId: context.workerId, operatorName: context.operatorName }
      const policy = new RecordPolicy(onError, context)
      return {
        record(code, record) {
          const call = `${code.bind('inspect', f)}(${callbackArguments(input, record)}, ${code.bind('info', info)})`
          return policy.lines(code, record, call, code.emit(record))
        },
        interpret(next, deadLetters) {
          const look = policy.guarded(
            (value, key, timestamp) => void (input.keyed ? f(value, key, timestamp, info) : f(value, timestamp, info)),
            deadLetters,
          )
          return {
            data: (value, key, timestamp) => {
              if (look(value, key, timestamp) !== FAILED) next.data(value, key, timestamp)
            },
            epoch: policy.epochs(next, deadLetters),
          }
        },
      }
    },
  })
}
