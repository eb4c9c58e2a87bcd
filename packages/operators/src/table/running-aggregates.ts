import type { RecordNames, TaskCode } from '@malstrom/core'
import type { OnError } from '../error-policy/on-error.ts'
import { type CellSteps, cellOperator } from '../keyed/cell-operator.ts'
import type { Ttl } from '../keyed/state-ttl.ts'
import type { Callback, OperatorDefinition } from '../stream/definition.ts'
import { checkOrdered, checkSummand, type Ordered } from './ordered.ts'

/** Emits how many records the key has had. */
export function runningCount(ttl: Ttl | undefined): OperatorDefinition {
  const steps: CellSteps = {
    update: (_code, state) => ({ lines: `${state} = ${state} === undefined ? 1 : ${state} + 1`, output: state }),
    apply(before) {
      const count = before === undefined ? 1 : (before as number) + 1
      return [count, count]
    },
  }
  return { ...cellOperator('count', {}, ttl, steps), needsEach: true }
}

/** Emits the sum of the key so far. */
export function runningSum(of: Callback, ttl: Ttl | undefined, onError?: OnError): OperatorDefinition {
  const steps: CellSteps = {
    update(code, state, record) {
      const { lines, item } = itemLines(code, record, of, checkSummand)
      return { lines: `${lines}\n${state} = ${state} === undefined ? ${item} : ${state} + ${item}`, output: state }
    },
    apply(before, value, key, timestamp) {
      const item = of(value, key, timestamp)
      checkSummand(item)
      const sum = before === undefined ? item : (before as number) + item
      return [sum, sum]
    },
  }
  return cellOperator('sum', {}, ttl, steps, onError)
}

/** Emits the smallest or largest of the key so far; of equal ones, the first. */
export function runningExtreme(kind: 'min' | 'max', of: Callback, ttl: Ttl | undefined, onError?: OnError): OperatorDefinition {
  const better = kind === 'min' ? '<' : '>'
  const steps: CellSteps = {
    update(code, state, record) {
      const { lines, item } = itemLines(code, record, of, checkOrdered)
      return { lines: `${lines}\nif (${state} === undefined || ${item} ${better} ${state}) ${state} = ${item}`, output: state }
    },
    apply(before, value, key, timestamp) {
      const item: Ordered = of(value, key, timestamp)
      checkOrdered(item)
      const best = before as Ordered | undefined
      const wins = best === undefined || (kind === 'min' ? item < best : item > best)
      const state = wins ? item : best
      return [state, state]
    },
  }
  return cellOperator(kind, {}, ttl, steps, onError)
}

interface SumAndCount {
  sum: number | bigint
  count: number
}

/** Emits the arithmetic mean of the key so far. */
export function runningAverage(of: Callback, ttl: Ttl | undefined, onError?: OnError): OperatorDefinition {
  const steps: CellSteps = {
    update(code, state, record) {
      const { lines, item } = itemLines(code, record, of, checkSummand)
      const add = `if (${state} === undefined) ${state} = { sum: ${item}, count: 1 }\nelse {\n${state}.sum += ${item}\n${state}.count++\n}`
      return { lines: `${lines}\n${add}`, output: `Number(${state}.sum) / ${state}.count` }
    },
    apply(before, value, key, timestamp) {
      const item = of(value, key, timestamp)
      checkSummand(item)
      const state: SumAndCount = before === undefined ? { sum: item, count: 1 } : (before as SumAndCount)
      if (before !== undefined) {
        state.sum += item
        state.count++
      }
      return [Number(state.sum) / state.count, state]
    },
  }
  return { ...cellOperator('average', {}, ttl, steps, onError), needsEach: true }
}

/** Lines that take from a record what is aggregated. Numbers are checked in place. */
function itemLines(code: TaskCode, record: RecordNames, of: Callback, check: (item: unknown) => void) {
  const item = code.local('item')
  const lines = [
    `${item} = ${code.bind('of', of)}(${record.value}, ${record.key}, ${record.timestamp})`,
    `if (typeof ${item} !== 'number' || ${item} !== ${item}) ${code.bind('check', check)}(${item})`,
  ]
  return { lines: lines.join('\n'), item }
}
