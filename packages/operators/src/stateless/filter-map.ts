import { type Callback, callbackArguments, type OperatorDefinition, withKeyArgument } from '../stream/definition.ts'

/** Maps, and drops the record where the function returns `undefined`. */
export function filterMap(f: Callback): OperatorDefinition {
  return {
    kind: 'filterMap',
    open: (_context, input) => ({
      record(code, record) {
        const value = code.local('mapped')
        const lines = `${value} = ${code.bind('filterMap', f)}(${callbackArguments(input, record)})`
        return `${lines}\nif (${value} !== undefined) {\n${code.emit({ ...record, value })}\n}`
      },
      interpret(next) {
        const apply = withKeyArgument(input, f)
        return {
          data: (value, key, timestamp) => {
            const mapped = apply(value, key, timestamp)
            if (mapped !== undefined) next.data(mapped, key, timestamp)
          },
          epoch: (epoch) => next.epoch(epoch),
        }
      },
    }),
  }
}
