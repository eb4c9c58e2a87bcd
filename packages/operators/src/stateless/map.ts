import type { OnError } from '../error-policy/on-error.ts'
import { FAILED, RecordPolicy, withPolicy } from '../error-policy/record-policy.ts'
import { type Callback, callbackArguments, type OperatorDefinition, withKeyArgument } from '../stream/definition.ts'

/** One output per record; key and timestamp stay. */
export function map(f: Callback, onError: OnError = 'fail'): OperatorDefinition {
  return withPolicy(onError, {
    kind: 'map',
    open(context, input) {
      const policy = new RecordPolicy(onError, context)
      return {
        record(code, record) {
          const value = code.local('mapped')
          const call = `${value} = ${code.bind('map', f)}(${callbackArguments(input, record)})`
          return policy.lines(code, record, call, code.emit({ ...record, value }))
        },
        interpret(next, deadLetters) {
          const apply = policy.guarded(withKeyArgument(input, f), deadLetters)
          return {
            data: (value, key, timestamp) => {
              const mapped = apply(value, key, timestamp)
              if (mapped !== FAILED) next.data(mapped, key, timestamp)
            },
            epoch: policy.epochs(next, deadLetters),
          }
        },
      }
    },
  })
}
