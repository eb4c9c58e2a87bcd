import type { OperatorWait, StateStore, TimestampAlgebra } from '@malstrom/core'
import type { OnError } from '../error-policy/on-error.ts'
import { withPolicy } from '../error-policy/record-policy.ts'
import { placeIn } from '../keyed/placed.ts'
import type { OperatorDefinition } from '../stream/definition.ts'
import { KeptBack, keysText } from '../time/kept-back.ts'
import { leastOf } from '../time/least-of.ts'
import { type Dated, DueKeys } from './due-keys.ts'
import { JoinResults } from './failed-call.ts'
import { LEFT } from './join-type.ts'

export const LATE = Symbol('late')

/** A join that only collects records, and emits when epochs come. */
export interface EpochJoin<S extends Dated> {
  readonly kind: string
  create(): S
  pack(state: S): unknown
  unpack(packed: never): S
  /**
   * Collects a record; returns when the state is to be looked at, or `undefined` if not because of this record. `LATE` says that it could
   * only lead to results behind `frontier`, the last epoch, and was not collected.
   */
  add(state: S, side: number, value: unknown, timestamp: unknown, frontier: unknown): unknown
  /** Emits what the epoch completes, and takes away what nothing needs any more. */
  fire(key: unknown, state: S, epoch: unknown, emit: (value: unknown, key: unknown, timestamp: unknown) => void): void
  /** When the state is to be looked at next; `undefined` if only because of records to come. */
  nextOf(state: S): unknown
  isEmpty(state: S): boolean
  /** What is kept back until it is complete, in the plural. */
  readonly what: string
  /** Counts what the state keeps back. */
  countKept(state: S, kept: KeptBack): void
}

/** The operator of such a join. A key costs an epoch nothing unless something of it is due. */
export function epochJoin<S extends Dated>(join: EpochJoin<S>, onError: OnError): OperatorDefinition {
  return withPolicy(onError, {
    kind: join.kind,
    state: { pack: (state) => join.pack(state as S), unpack: (packed) => join.unpack(packed as never) },
    open(context, { time }) {
      const store: StateStore<unknown, S> = context.keyedState()
      const dues = new DueKeys(store, time)
      const results = new JoinResults(onError, context)
      const { policy, emit } = results
      const watch = (key: unknown, state: S) => {
        const next = join.nextOf(state)
        if (next !== undefined) dues.watch(key, state, next)
      }
      for (const [key, state] of store) watch(key, state)
      let frontier: unknown
      const add = (value: unknown, key: unknown, timestamp: unknown, side: number) => {
        const cell = store.cell(key)
        let { state } = cell
        if (state === undefined) {
          state = join.create()
          placeIn(state, cell)
          cell.state = state
        }
        const due = join.add(state, side, value, timestamp, frontier)
        if (due === LATE) {
          context.counters.late++
          if (join.isEmpty(state)) dues.forget(key, state)
        } else if (due !== undefined) dues.watch(key, state, due)
      }
      const expire = (epoch: unknown) => {
        for (let state = dues.take(epoch); state !== undefined; state = dues.take(epoch)) {
          const { key } = state
          join.fire(key, state, epoch, emit)
          if (join.isEmpty(state)) dues.forget(key, state)
          else watch(key, state)
        }
        frontier = epoch
      }
      return {
        snapshot: () => frontier,
        restore: (saved) => {
          frontier = leastOf(time, saved)
        },
        explain: () => [explainKept(join, store, time)],
        arrived: (key, state) => watch(key, state as S),
        record: (code, { value, key, timestamp, side }) => `${code.bind('add', add)}(${value}, ${key}, ${timestamp}, ${side})`,
        epoch(code, epoch) {
          results.setup(code)
          return `${code.bind('expire', expire)}(${epoch})\n${policy.epochLines(code, epoch)}`
        },
        interpret(next, deadLetters) {
          results.interpret(next, deadLetters)
          const advance = policy.epochs(next, deadLetters)
          return {
            data: (value, key, timestamp, side = LEFT) => add(value, key, timestamp, side),
            epoch: (epoch) => {
              expire(epoch)
              advance(epoch)
            },
          }
        },
      }
    },
  })
}

function explainKept<S extends Dated>(join: EpochJoin<S>, store: StateStore<unknown, S>, time: TimestampAlgebra<unknown>): OperatorWait {
  const kept = new KeptBack(time)
  let keys = 0
  for (const [, state] of store) {
    const before = kept.count
    join.countKept(state, kept)
    if (kept.count > before) keys++
  }
  return kept.wait(`${join.what} of ${keysText(keys)}`)
}
