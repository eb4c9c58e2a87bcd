import type { StateDefinition } from '@malstrom/core'
import type { OnError } from '../error-policy/on-error.ts'
import type { Callback, OperatorDefinition } from '../stream/definition.ts'
import { cellOperator } from './cell-operator.ts'
import type { Ttl } from './state-ttl.ts'

/** Emits the new state of the key for every record. */
export function fold(init: Callback, f: Callback, definition: StateDefinition, ttl?: Ttl, onError: OnError = 'fail'): OperatorDefinition {
  return cellOperator(
    'fold',
    definition,
    ttl,
    {
      update(code, state, record) {
        const initial = `if (${state} === undefined) ${state} = ${code.bind('init', init)}(${record.key})`
        const call = `${code.bind('fold', f)}(${state}, ${record.value}, ${record.key}, ${record.timestamp})`
        return { lines: `${initial}\n${state} = ${call}`, output: state }
      },
      apply(before, value, key, timestamp) {
        const state = f(before === undefined ? init(key) : before, value, key, timestamp)
        return [state, state]
      },
    },
    onError,
  )
}
