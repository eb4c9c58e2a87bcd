import type { OnError } from '../error-policy/on-error.ts'
import { FAILED, RecordPolicy, withPolicy } from '../error-policy/record-policy.ts'
import { type Callback, callbackArguments, type OperatorDefinition, withKeyArgument } from '../stream/definition.ts'

/** Maps, and drops the record where the function returns `undefined`. */
export function filterMap(f: Callback, onError: OnError = 'fail'): OperatorDefinition {
  return withPolicy(onError, {
    kind: 'filterMap',
    open(context, input) {
      const policy = new RecordPolicy(onError, context)
      return {
        record(code, record) {
          const value = code.local('mapped')
          const call = `${value} = ${code.bind('filterMap', f)}(${callbackArguments(input, record)})`
          return policy.lines(code, record, call, `if (${value} !== undefined) {\n${code.emit({ ...record, value })}\n}`)
        },
        interpret(next, deadLetters) {
          const apply = policy.guarded(withKeyArgument(input, f), deadLetters)
          return {
            data: (value, key, timestamp) => {
              const mapped = apply(value, key, timestamp)
              if (mapped !== undefined && mapped !== FAILED) next.data(mapped, key, timestamp)
            },
            epoch: policy.epochs(next, deadLetters),
          }
        },
      }
    },
  })
}
