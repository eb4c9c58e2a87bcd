import type { StatefulLogic, TaskCode } from '@malstrom/core'
import { cellCode } from '../keyed/cell-code.ts'
import { stateOptions } from '../keyed/state-options.ts'
import type { OperatorDefinition } from '../stream/definition.ts'
import { GuardedOutput } from '../time/guarded-output.ts'
import { BareStates, KeyTimers, TimedState, timedStateDefinition } from './timed-states.ts'

// biome-ignore lint/suspicious/noExplicitAny: erased, the stream's types have checked the logic
type AnyStatefulLogic = StatefulLogic<any, any, any, any, any>

const newState = (key: unknown, state: unknown) => new TimedState(key, state)

/** A custom operator with one state per key, and timers. */
export function processWithTimers(logic: AnyStatefulLogic): OperatorDefinition {
  return {
    // States have another form than those of logic without timers, so it is another kind.
    kind: 'statefulOpWithTimers',
    state: timedStateDefinition(stateOptions(logic)),
    open(context, input) {
      const store = context.keyedState<unknown, TimedState>()
      const output = new GuardedOutput(context.operatorName, input.time)
      const timers = new KeyTimers({ store, time: input.time, context, output, logic })
      const states = new BareStates(store)
      for (const [key, timed] of store) timers.watch(key, timed)
      const data = (value: unknown, key: unknown, timestamp: unknown) => {
        const cell = store.cell(key)
        const timed = cell.state ?? newState(cell.key, logic.init(key))
        timers.open(timed)
        const state = logic.onData(value, timed.state, output, key, timestamp, timers)
        timers.close()
        if (state === undefined) store.remove(cell)
        else {
          timed.state = state
          cell.state = timed
        }
      }
      const keep = (timed: TimedState, state: unknown) => {
        timers.close()
        if (state === undefined) store.delete(timed.key)
        else timed.state = state
      }
      const fire = (timed: TimedState, time: unknown) => {
        timers.open(timed)
        // What an older version of the logic has set finds nobody.
        keep(timed, logic.onTimer === undefined ? timed.state : logic.onTimer(time, timed.state, output, timed.key, timers))
      }
      const fireMs = (timed: TimedState, ms: number) => {
        timers.open(timed)
        keep(timed, logic.onProcessingTimer?.(ms, timed.state, output, timed.key, timers))
      }
      const wake = () => timers.wake(fireMs)
      const advance = (epoch: unknown) => {
        timers.advance(epoch, fire)
        logic.onEpoch?.(epoch, states, output)
        output.advance(epoch)
      }
      return {
        snapshot: () => output.frontier,
        restore(saved) {
          output.restore(saved)
          timers.restore(output.frontier)
        },
        ...(logic.onProcessingTimer === undefined ? {} : { wake: (code: TaskCode) => `${code.bind('wake', wake)}()` }),
        explain: () => timers.explain(),
        arrived: (key, timed) => timers.watch(key, timed as TimedState),
        // `data` inlined: the functions of each operator are called at places of their own.
        record(code, { value, key, timestamp }) {
          const out = code.bind('output', output)
          code.setup(`${out}.send = ${code.emitter()}`)
          const [user, own] = [code.bind('logic', logic), code.bind('timers', timers)]
          const initial = (cell: string) => `${code.bind('newState', newState)}(${cell}.key, ${user}.init(${key}))`
          const { state: timed, read, write } = cellCode(code, store, key, initial)
          const state = code.local('state')
          return [
            read,
            `${own}.open(${timed})`,
            `${state} = ${user}.onData(${value}, ${timed}.state, ${out}, ${key}, ${timestamp}, ${own})`,
            `${own}.close()`,
            `if (${state} === undefined) ${timed} = undefined\nelse ${timed}.state = ${state}`,
            write,
          ].join('\n')
        },
        epoch: (code, epoch) => `${code.bind('advance', advance)}(${epoch})\n${code.advance(epoch)}`,
        interpret(next) {
          output.send = (value, key, timestamp) => next.data(value, key, timestamp)
          return {
            data,
            epoch: (epoch) => {
              advance(epoch)
              next.epoch(epoch)
            },
            wake,
          }
        },
      }
    },
  }
}
