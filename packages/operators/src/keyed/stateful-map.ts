import type { StateDefinition } from '@malstrom/core'
import type { OnError } from '../error-policy/on-error.ts'
import type { Callback, OperatorDefinition } from '../stream/definition.ts'
import { checkPair, checkPairLines } from './cell-code.ts'
import { cellOperator } from './cell-operator.ts'
import type { Ttl } from './state-ttl.ts'

/** Exactly one output per record, and a new state for its key; an `undefined` state forgets the key. */
export function statefulMap(
  init: Callback,
  f: Callback,
  definition: StateDefinition,
  ttl?: Ttl,
  onError: OnError = 'fail',
): OperatorDefinition {
  return cellOperator(
    'statefulMap',
    definition,
    ttl,
    {
      update(code, state, record) {
        const result = code.local('result')
        const lines = [
          `if (${state} === undefined) ${state} = ${code.bind('init', init)}(${record.key})`,
          `${result} = ${code.bind('statefulMap', f)}(${state}, ${record.value}, ${record.key}, ${record.timestamp})`,
          checkPairLines(code, result),
          `${state} = ${result}[1]`,
        ]
        return { lines: lines.join('\n'), output: `${result}[0]` }
      },
      apply(before, value, key, timestamp) {
        const result = f(before === undefined ? init(key) : before, value, key, timestamp)
        checkPair(result)
        return result
      },
    },
    onError,
  )
}
