import type { OnError } from '../error-policy/on-error.ts'
import { FAILED, RecordPolicy, withPolicy } from '../error-policy/record-policy.ts'
import { type Callback, callbackArguments, type OperatorDefinition, withKeyArgument } from '../stream/definition.ts'

/** Keeps the records for which the predicate is true. */
export function filter(predicate: Callback, onError: OnError = 'fail'): OperatorDefinition {
  return withPolicy(onError, {
    kind: 'filter',
    open(context, input) {
      const policy = new RecordPolicy(onError, context)
      return {
        record(code, record) {
          const call = `${code.bind('filter', predicate)}(${callbackArguments(input, record)})`
          if (!policy.guards) return `if (${call}) {\n${code.emit(record)}\n}`
          const kept = code.local('kept')
          return policy.lines(code, record, `${kept} = ${call}`, `if (${kept}) {\n${code.emit(record)}\n}`)
        },
        interpret(next, deadLetters) {
          const keeps = policy.guarded(withKeyArgument(input, predicate), deadLetters)
          return {
            data: (value, key, timestamp) => {
              const kept = keeps(value, key, timestamp)
              if (kept && kept !== FAILED) next.data(value, key, timestamp)
            },
            epoch: policy.epochs(next, deadLetters),
          }
        },
      }
    },
  })
}
