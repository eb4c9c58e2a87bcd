import type { Cell, OperatorContext, StateStore } from '@malstrom/core'
import type { OnError } from '../error-policy/on-error.ts'
import { withPolicy } from '../error-policy/record-policy.ts'
import { placeIn } from '../keyed/placed.ts'
import type { Callback, OperatorDefinition } from '../stream/definition.ts'
import { LastEpoch } from '../time/last-epoch.ts'
import { guardedCall, JoinResults } from './failed-call.ts'
import type { Interval } from './interval.ts'
import { LEFT } from './join-type.ts'
import { notAfterOf } from './not-after.ts'
import { PairJoin, PairState } from './pair-join.ts'

/** Pairs of records with the same key whose timestamps fit. */
export function pairJoin(kind: string, interval: Interval, f: Callback, onError: OnError): OperatorDefinition {
  const call = guardedCall(f, onError)
  return withPolicy(onError, {
    kind,
    state: { pack: (state) => PairState.pack(state as PairState), unpack: (packed) => PairState.unpack(packed as never) },
    open(context: OperatorContext, { time }) {
      const store: StateStore<unknown, PairState> = context.keyedState()
      const pairs = new PairJoin(context, interval, time)
      const notAfter = notAfterOf(time)
      const create = (cell: Cell<unknown, PairState>) => {
        const state = new PairState()
        placeIn(state, cell)
        return state
      }
      const results = new JoinResults(onError, context)
      const { policy } = results
      /** The last epoch, for the records of sources that were idle: behind it nothing may be emitted. */
      const last = new LastEpoch(time)
      const { counters } = context
      const pad = (side: number, value: unknown, key: unknown, timestamp: unknown) => {
        const joined = side === LEFT ? call(value, undefined, key, timestamp) : call(undefined, value, key, timestamp)
        results.emit(joined, key, timestamp)
      }
      return {
        snapshot: () => last.value,
        restore: (saved) => last.restore(saved),
        explain: () => pairs.explain(),
        arrived: (key, state) => pairs.watch(key, state as PairState),
        record(code, record) {
          const { value, key, timestamp, side = '0' } = record
          const work = code.bind('pairs', pairs)
          const [cell, state, index, found] = ['cell', 'state', 'index', 'found'].map((hint) => code.local(hint))
          const [other, at, joined] = ['other', 'at', 'joined'].map((hint) => code.local(hint)) as [string, string, string]
          const join = code.bind('join', call)
          const [lower, upper] = ['lowers', 'uppers'].map((bounds) => `${work}.other.columns.${bounds}[${index}]`) as [string, string]
          const above = interval.lowerInclusive ? code.notAfter(time, lower, timestamp) : `!(${code.notAfter(time, timestamp, lower)})`
          const below = interval.upperInclusive ? code.notAfter(time, timestamp, upper) : `!(${code.notAfter(time, upper, timestamp)})`
          const covers = interval.byLeft ? `if (${side} !== 0 && !(${above} && ${below})) continue` : ''
          return [
            `if (${last.covers(code, timestamp)}) ${code.count(`${code.bind('counters', counters)}.late`)}\nelse {`,
            `${cell} = ${code.bind('states', store)}.cell(${key})`,
            `${state} = ${cell}.state`,
            `if (${state} === undefined) ${cell}.state = ${state} = ${code.bind('create', create)}(${cell})`,
            `${work}.arrive(${state}, ${side}, ${value}, ${timestamp})`,
            `${found} = false`,
            `for (${index} = ${work}.index; ${index} < ${work}.end; ${index}++) {`,
            covers,
            `${found} = true`,
            interval.type === 'inner' ? '' : `${work}.match(${index})`,
            `${at} = ${work}.other.timeAt(${index})`,
            `if (${code.notAfter(time, at, timestamp)}) ${at} = ${timestamp}`,
            `${other} = ${work}.other.valueAt(${index})`,
            `${joined} = ${side} === 0 ? ${join}(${value}, ${other}, ${key}, ${at}) : ${join}(${other}, ${value}, ${key}, ${at})`,
            results.lines(code, { value: joined, key, timestamp: at }),
            code.resume(),
            '}',
            `${work}.keep(${state}, ${side}, ${value}, ${key}, ${timestamp}, ${found})\n}`,
          ].join('\n')
        },
        epoch(code, epoch) {
          const work = code.bind('pairs', pairs)
          if (interval.type !== 'inner') results.setup(code)
          return `${work}.expire(${epoch}, ${code.bind('pad', pad)})\n${last.slot(code)} = ${epoch}\n${policy.epochLines(code, epoch)}`
        },
        interpret(next, deadLetters) {
          results.interpret(next, deadLetters)
          const advance = policy.epochs(next, deadLetters)
          return {
            data: (value, key, timestamp, side = LEFT) => {
              if (last.isBehind(timestamp)) {
                counters.late++
                return
              }
              const cell = store.cell(key)
              const state = cell.state ?? create(cell)
              cell.state = state
              pairs.arrive(state, side, value, timestamp)
              let found = false
              for (let index = pairs.index; index < pairs.end; index++) {
                if (side !== LEFT && !pairs.covers(index, timestamp)) continue
                found = true
                pairs.match(index)
                const kept = pairs.other as NonNullable<typeof pairs.other>
                const other = kept.valueAt(index)
                const time = kept.timeAt(index)
                const at = notAfter(time, timestamp) ? timestamp : time
                const joined = side === LEFT ? call(value, other, key, at) : call(other, value, key, at)
                results.emit(joined, key, at)
              }
              pairs.keep(state, side, value, key, timestamp, found)
            },
            epoch: (epoch) => {
              pairs.expire(epoch, pad)
              last.value = epoch
              advance(epoch)
            },
          }
        },
      }
    },
  })
}
