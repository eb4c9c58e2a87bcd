import type { StateStore } from '@malstrom/core'
import type { OnError } from '../error-policy/on-error.ts'
import { FAILED, RecordPolicy, withPolicy } from '../error-policy/record-policy.ts'
import type { Callback, OperatorDefinition } from '../stream/definition.ts'
import type { Change } from './change.ts'
import { checkOrdered, type Ordered } from './ordered.ts'
import { addToTop, type RankedRows, type Top } from './top-rows.ts'

/** Keeps the top rows of each key, and emits for every record what it changes. */
export function runningTopN(by: Callback, top: Top, onError: OnError = 'fail'): OperatorDefinition {
  return withPolicy(onError, {
    kind: 'topN',
    state: {},
    open(context) {
      const runner = new TopRunner(context.keyedState(), top)
      const policy = new RecordPolicy(onError, context)
      return {
        record(code, record) {
          const { value, key, timestamp } = record
          const name = code.bind('top', runner)
          const rank = code.local('rank')
          code.setup(`${name}.send = ${code.emitter()}`)
          const attempt = `${rank} = ${code.bind('by', by)}(${value}, ${key}, ${timestamp})\n${code.bind('check', checkOrdered)}(${rank})`
          return policy.lines(code, record, attempt, `${name}.add(${value}, ${rank}, ${key}, ${timestamp})`)
        },
        interpret(next, deadLetters) {
          runner.send = (value, key, timestamp) => next.data(value, key, timestamp)
          const rankOf = policy.guarded((value, key, timestamp): Ordered => {
            const rank = by(value, key, timestamp)
            checkOrdered(rank)
            return rank
          }, deadLetters)
          return {
            data(value, key, timestamp) {
              const rank = rankOf(value, key, timestamp)
              if (rank !== FAILED) runner.add(value, rank, key, timestamp)
            },
            epoch: policy.epochs(next, deadLetters),
          }
        },
      }
    },
  })
}

class TopRunner {
  send: (change: Change<unknown>, key: unknown, timestamp: unknown) => void = () => {}
  readonly #store: StateStore<unknown, RankedRows>
  readonly #top: Top
  readonly #left: unknown[] = []

  constructor(store: StateStore<unknown, RankedRows>, top: Top) {
    this.#store = store
    this.#top = top
  }

  add(value: unknown, rank: Ordered, key: unknown, timestamp: unknown): void {
    const cell = this.#store.cell(key)
    const ranked: RankedRows = cell.state ?? { rows: [], ranks: [] }
    cell.state = ranked
    const left = this.#left
    if (!addToTop(ranked, this.#top, value, rank, left)) return
    for (let index = 0; index < left.length; index++) this.send({ value: left[index], diff: -1 }, key, timestamp)
    left.length = 0
    this.send({ value, diff: 1 }, key, timestamp)
  }
}
