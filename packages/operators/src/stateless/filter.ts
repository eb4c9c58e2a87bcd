import { type Callback, callbackArguments, type OperatorDefinition, withKeyArgument } from '../stream/definition.ts'

/** Keeps the records for which the predicate is true. */
export function filter(predicate: Callback): OperatorDefinition {
  return {
    kind: 'filter',
    open: (_context, input) => ({
      record: (code, record) => `if (${code.bind('filter', predicate)}(${callbackArguments(input, record)})) {\n${code.emit(record)}\n}`,
      interpret(next) {
        const keeps = withKeyArgument(input, predicate)
        return {
          data: (value, key, timestamp) => {
            if (keeps(value, key, timestamp)) next.data(value, key, timestamp)
          },
          epoch: (epoch) => next.epoch(epoch),
        }
      },
    }),
  }
}
