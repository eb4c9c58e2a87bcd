import { MalstromError, messageOf } from '@malstrom/core'
import type { OnError } from '../error-policy/on-error.ts'
import { type CellSteps, cellOperator } from '../keyed/cell-operator.ts'
import type { ExpireMap } from '../keyed/expire-map.ts'
import type { Ttl } from '../keyed/state-ttl.ts'
import { ttlMap } from '../keyed/ttl-map.ts'
import { callable } from '../stream/arguments.ts'
import type { Callback, OperatorDefinition } from '../stream/definition.ts'

/** Passes the first record of each key, or of each value of `by` within a key. */
export function runningDistinct(by: Callback | undefined, ttl: Ttl | undefined, onError?: OnError): OperatorDefinition {
  if (by === undefined) return firstOfKey(ttl, onError)
  callable(by)
  if (ttl === undefined) return firstOfEach(by, onError)
  const first = (seen: ExpireMap<unknown, true, unknown>, value: unknown, key: unknown, timestamp: unknown) => {
    const mark = by(value, key, timestamp)
    checkMark(mark)
    if (seen.has(mark)) return [false, seen]
    return [true, seen.set(mark, true, ttl.after(timestamp))]
  }
  return ttlMap(first, {}, { filter: { kind: 'distinctByWithTtl' }, ...(onError === undefined ? {} : { onError }) })
}

function firstOfKey(ttl: Ttl | undefined, onError: OnError | undefined): OperatorDefinition {
  const steps: CellSteps = {
    update(code, state, record) {
      const isFirst = code.local('isFirst')
      return { lines: `${isFirst} = ${state} === undefined\n${state} = true`, output: record.value, when: isFirst }
    },
    apply: (before, value) => (before === undefined ? [value, true] : undefined),
  }
  return cellOperator('distinct', {}, ttl, steps, onError)
}

function firstOfEach(by: Callback, onError: OnError | undefined): OperatorDefinition {
  const steps: CellSteps = {
    update(code, state, record) {
      const mark = code.local('mark')
      const isFirst = code.local('isFirst')
      const lines = [
        `${mark} = ${code.bind('by', by)}(${record.value}, ${record.key}, ${record.timestamp})`,
        `if (typeof ${mark} !== 'string') ${code.bind('checkMark', checkMark)}(${mark})`,
        `if (${state} === undefined) ${state} = new Set()`,
        `${isFirst} = !${state}.has(${mark})`,
        `if (${isFirst}) ${state}.add(${mark})`,
      ]
      return { lines: lines.join('\n'), output: record.value, when: isFirst }
    },
    apply(before, value, key, timestamp) {
      const mark = by(value, key, timestamp)
      checkMark(mark)
      const seen = (before ?? new Set()) as Set<unknown>
      return seen.has(mark) ? undefined : [value, seen.add(mark)]
    },
  }
  return cellOperator('distinctBy', {}, undefined, steps, onError)
}

/** Refuses what is no value that `Map` tells apart. */
export function checkMark(mark: unknown): void {
  if (typeof mark === 'string' || typeof mark === 'number' || typeof mark === 'bigint' || typeof mark === 'boolean') return
  throw new MalstromError(
    'ERR_OPERATOR_ARGUMENT',
    `by of distinct returned ${messageOf(mark)}. Values are told apart by a text, number, bigint or boolean: return one that says what is the same.`,
  )
}
