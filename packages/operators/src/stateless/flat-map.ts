import { MalstromError, messageOf } from '@malstrom/core'
import { type Callback, callbackArguments, type OperatorDefinition, withKeyArgument } from '../stream/definition.ts'

/** Any number of outputs per record, each with the record's key and timestamp. */
export function flatMap(f: Callback): OperatorDefinition {
  return {
    kind: 'flatMap',
    open: (_context, input) => ({
      record(code, record) {
        const value = code.local('element')
        const elements = code.local('elements')
        return [
          `${elements} = ${code.bind('flatMap', f)}(${callbackArguments(input, record)})`,
          `if (typeof ${elements}?.[Symbol.iterator] !== 'function') ${code.bind('reject', rejectElements)}(${elements})`,
          `for (${value} of ${elements}) {\n${code.emit({ ...record, value })}\n${code.resume()}\n}`,
        ].join('\n')
      },
      interpret(next) {
        const apply = withKeyArgument(input, f)
        return {
          data: (value, key, timestamp) => {
            const elements = apply(value, key, timestamp)
            if (typeof elements?.[Symbol.iterator] !== 'function') rejectElements(elements)
            for (const element of elements) next.data(element, key, timestamp)
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

function rejectElements(elements: unknown): never {
  throw new MalstromError(
    'ERR_OPERATOR_ARGUMENT',
    `${messageOf(elements)} is no iterable. Return an array or another iterable; an empty one for no output.`,
  )
}
