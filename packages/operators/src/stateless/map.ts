import { type Callback, callbackArguments, type OperatorDefinition, withKeyArgument } from '../stream/definition.ts'

/** One output per record; key and timestamp stay. */
export function map(f: Callback): OperatorDefinition {
  return {
    kind: 'map',
    open: (_context, input) => ({
      record(code, record) {
        const value = code.local('mapped')
        return `${value} = ${code.bind('map', f)}(${callbackArguments(input, record)})\n${code.emit({ ...record, value })}`
      },
      interpret(next) {
        const apply = withKeyArgument(input, f)
        return {
          data: (value, key, timestamp) => next.data(apply(value, key, timestamp), key, timestamp),
          epoch: (epoch) => next.epoch(epoch),
        }
      },
    }),
  }
}
