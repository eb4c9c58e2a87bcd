import type { StateDefinition } from '@malstrom/core'
import type { OnError } from '../error-policy/on-error.ts'
import type { Callback, OperatorDefinition } from '../stream/definition.ts'
import { cellOperator } from './cell-operator.ts'
import type { Ttl } from './state-ttl.ts'

/** Emits the combination of all values of the key so far; the first value as it is. */
export function reduce(f: Callback, definition: StateDefinition, ttl?: Ttl, onError: OnError = 'fail'): OperatorDefinition {
  return cellOperator(
    'reduce',
    definition,
    ttl,
    {
      update(code, state, record) {
        const call = `${code.bind('reduce', f)}(${state}, ${record.value}, ${record.key}, ${record.timestamp})`
        return { lines: `${state} = ${state} === undefined ? ${record.value} : ${call}`, output: state }
      },
      apply(before, value, key, timestamp) {
        const state = before === undefined ? value : f(before, value, key, timestamp)
        return [state, state]
      },
    },
    onError,
  )
}
