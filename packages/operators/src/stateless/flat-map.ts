import { type Callback, callbackArguments, type OperatorDefinition, withKeyArgument } from '../stream/definition.ts'

/** Any number of outputs per record, each with the record's key and timestamp. */
export function flatMap(f: Callback): OperatorDefinition {
  return {
    kind: 'flatMap',
    open: (_context, input) => ({
      record(code, record) {
        const value = code.local('element')
        const elements = `${code.bind('flatMap', f)}(${callbackArguments(input, record)})`
        return `for (${value} of ${elements}) {\n${code.emit({ ...record, value })}\n}`
      },
      interpret(next) {
        const apply = withKeyArgument(input, f)
        return {
          data: (value, key, timestamp) => {
            for (const element of apply(value, key, timestamp)) next.data(element, key, timestamp)
          },
          epoch: (epoch) => next.epoch(epoch),
        }
      },
    }),
  }
}

/** The elements of each value, each with the key and the timestamp of the whole. */
export function flatten(): OperatorDefinition {
  return { ...flatMap((elements) => elements), kind: 'flatten' }
}
