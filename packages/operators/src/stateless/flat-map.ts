import { MalstromError, messageOf } from '@malstrom/core'
import type { OnError } from '../error-policy/on-error.ts'
import { FAILED, RecordPolicy, withPolicy } from '../error-policy/record-policy.ts'
import { type Callback, callbackArguments, type OperatorDefinition, withKeyArgument } from '../stream/definition.ts'

/** Any number of outputs per record, each with the record's key and timestamp. */
export function flatMap(f: Callback, onError: OnError = 'fail'): OperatorDefinition {
  return withPolicy(onError, {
    kind: 'flatMap',
    open(context, input) {
      const policy = new RecordPolicy(onError, context)
      return {
        record(code, record) {
          const value = code.local('element')
          const elements = code.local('elements')
          const call = [
            `${elements} = ${code.bind('flatMap', f)}(${callbackArguments(input, record)})`,
            `if (typeof ${elements}?.[Symbol.iterator] !== 'function') ${code.bind('reject', rejectElements)}(${elements})`,
          ]
          // A generator may throw after its first element: all of them are there before one goes on.
          if (policy.guards) call.push(`${elements} = ${code.bind('allOf', allOf)}(${elements})`)
          return policy.lines(
            code,
            record,
            call.join('\n'),
            `for (${value} of ${elements}) {\n${code.emit({ ...record, value })}\n${code.resume()}\n}`,
          )
        },
        interpret(next, deadLetters) {
          const apply = withKeyArgument(input, f)
          const attempt = policy.guarded((value, key, timestamp): Iterable<unknown> => {
            const elements = apply(value, key, timestamp)
            if (typeof elements?.[Symbol.iterator] !== 'function') rejectElements(elements)
            return policy.guards ? allOf(elements) : elements
          }, deadLetters)
          return {
            data: (value, key, timestamp) => {
              const elements = attempt(value, key, timestamp)
              if (elements === FAILED) return
              for (const element of elements) next.data(element, key, timestamp)
            },
            epoch: policy.epochs(next, deadLetters),
          }
        },
      }
    },
  })
}

/** The elements of each value, each with the key and the timestamp of the whole. */
export function flatten(): OperatorDefinition {
  return { ...flatMap((elements) => elements), kind: 'flatten' }
}

function allOf(elements: Iterable<unknown>): readonly unknown[] {
  return Array.isArray(elements) ? elements : Array.from(elements)
}

function rejectElements(elements: unknown): never {
  throw new MalstromError(
    'ERR_OPERATOR_ARGUMENT',
    `${messageOf(elements)} is no iterable. Return an array or another iterable; an empty one for no output.`,
  )
}
