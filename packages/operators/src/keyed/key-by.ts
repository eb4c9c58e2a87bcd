import { type Combine, checkKey, type Key, type Partitioner } from '@malstrom/core'
import type { OnError } from '../error-policy/on-error.ts'
import { FAILED, RecordPolicy, withPolicy } from '../error-policy/record-policy.ts'
import { type Callback, callbackArguments, type InputShape, type OperatorDefinition, withKeyArgument } from '../stream/definition.ts'

/** Gives every record a key and leaves it where it is: nothing moves between workers. */
export function keyLocal(keyOf: Callback, onError: OnError = 'fail'): OperatorDefinition {
  return withPolicy(onError, {
    kind: 'keyLocal',
    outputKeyed: true,
    open: (context, input) => openKeyBy(keyOf, input, new RecordPolicy(onError, context)),
  })
}

/** Gives every record a key and moves it to the worker that owns the key. */
export function keyDistribute<K extends Key>(
  keyOf: Callback,
  partitioner: Partitioner<K>,
  onError: OnError = 'fail',
  combine?: Combine,
): OperatorDefinition {
  return withPolicy(onError, {
    kind: 'keyDistribute',
    outputKeyed: true,
    exchange: { partitioner: partitioner as Partitioner<Key>, combine },
    open: (context, input) => openKeyBy(keyOf, input, new RecordPolicy(onError, context)),
  })
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

function openKeyBy(keyOf: Callback, input: InputShape, policy: RecordPolicy): ReturnType<OperatorDefinition['open']> {
  return {
    record(code, record) {
      const key = code.local('key')
      const call = [
        `${key} = ${code.bind('keyOf', keyOf)}(${callbackArguments(input, record)})`,
        // The usual keys without a call: texts, and numbers that equal themselves.
        `if (typeof ${key} !== 'string' && !(typeof ${key} === 'number' && ${key} === ${key})) ${code.bind('checkKey', checkKey)}(${key})`,
      ]
      return policy.lines(code, record, call.join('\n'), code.emit({ ...record, key }))
    },
    interpret(next, deadLetters) {
      const apply = withKeyArgument(input, keyOf)
      const attempt = policy.guarded((value, oldKey, timestamp): unknown => {
        const key = apply(value, oldKey, timestamp)
        checkKey(key)
        return key
      }, deadLetters)
      return {
        data: (value, oldKey, timestamp) => {
          const key = attempt(value, oldKey, timestamp)
          if (key !== FAILED) next.data(value, key, timestamp)
        },
        epoch: policy.epochs(next, deadLetters),
      }
    },
  }
}
