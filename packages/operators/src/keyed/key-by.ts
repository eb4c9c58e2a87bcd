import { checkKey, type Key, type Partitioner } from '@malstrom/core'
import { type Callback, callbackArguments, type InputShape, type OperatorDefinition, withKeyArgument } from '../stream/definition.ts'

/** Gives every record a key and leaves it where it is: nothing moves between workers. */
export function keyLocal(keyOf: Callback): OperatorDefinition {
  return { kind: 'keyLocal', outputKeyed: true, open: (_context, input) => openKeyBy(keyOf, input) }
}

/** Gives every record a key and moves it to the worker that owns the key. */
export function keyDistribute<K extends Key>(keyOf: Callback, partitioner: Partitioner<K>): OperatorDefinition {
  return {
    kind: 'keyDistribute',
    outputKeyed: true,
    exchange: { partitioner: partitioner as Partitioner<Key> },
    open: (_context, input) => openKeyBy(keyOf, input),
  }
}

/** Takes the keys away. */
export function unkey(): OperatorDefinition {
  return {
    kind: 'unkey',
    outputKeyed: false,
    open: () => ({
      record: (code, record) => code.emit({ ...record, key: 'undefined' }),
      interpret: (next) => ({
        data: (value, _key, timestamp) => next.data(value, undefined, timestamp),
        epoch: (epoch) => next.epoch(epoch),
      }),
    }),
  }
}

function openKeyBy(keyOf: Callback, input: InputShape): ReturnType<OperatorDefinition['open']> {
  return {
    record(code, record) {
      const key = code.local('key')
      return [
        `${key} = ${code.bind('keyOf', keyOf)}(${callbackArguments(input, record)})`,
        `if (typeof ${key} !== 'string') ${code.bind('checkKey', checkKey)}(${key})`,
        code.emit({ ...record, key }),
      ].join('\n')
    },
    interpret(next) {
      const apply = withKeyArgument(input, keyOf)
      return {
        data: (value, oldKey, timestamp) => {
          const key = apply(value, oldKey, timestamp)
          checkKey(key)
          next.data(value, key, timestamp)
        },
        epoch: (epoch) => next.epoch(epoch),
      }
    },
  }
}
