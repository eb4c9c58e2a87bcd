import { type Cell, MalstromError, type StatefulLogic } from '@malstrom/core'
import { HeldOutput } from '../error-policy/held-output.ts'
import type { OnError } from '../error-policy/on-error.ts'
import { FAILED, RecordPolicy, withPolicy } from '../error-policy/record-policy.ts'
import { withMethods } from '../stream/arguments.ts'
import type { OperatorDefinition } from '../stream/definition.ts'
import { GuardedOutput } from '../time/guarded-output.ts'
import { noTimers } from '../timer/no-timers.ts'
import { processWithTimers } from '../timer/process-with-timers.ts'
import { cellCode, undoCell, writeCell } from './cell-code.ts'
import { stateOptions } from './state-options.ts'

// biome-ignore lint/suspicious/noExplicitAny: erased, the stream's types have checked the logic
type AnyStatefulLogic = StatefulLogic<any, any, any, any, any>

/** A custom operator with one state per key. */
export function processStateful(logic: AnyStatefulLogic, onError: OnError = 'fail'): OperatorDefinition {
  const callbacks = (['onTimer', 'onProcessingTimer'] as const).filter((name) => logic[name] !== undefined)
  if (callbacks.length > 0) return processWithTimers(withMethods(checkTimed(logic, onError), ...callbacks))
  return withPolicy(onError, {
    kind: 'statefulOp',
    state: stateOptions(logic),
    open(context, input) {
      const store = context.keyedState<unknown, unknown>()
      const policy = new RecordPolicy(onError, context)
      const output = new GuardedOutput(context.operatorName, input.time)
      const held = new HeldOutput()
      if (policy.guards) output.send = held.send
      return {
        snapshot: () => output.frontier,
        restore: (saved) => output.restore(saved),
        record(code, record) {
          const user = code.bind('logic', logic)
          const out = code.bind('output', output)
          const { state, look, create, read, write, undo } = cellCode(code, store, record.key, () => `${user}.init(${record.key})`)
          const call = `${state} = ${user}.onData(${record.value}, ${state}, ${out}, ${record.key}, ${record.timestamp}, ${code.bind('timers', noTimers)})`
          if (!policy.guards) {
            code.setup(`${out}.send = ${code.emitter()}`)
            return [read, call, write].join('\n')
          }
          const hold = code.bind('held', held)
          code.setup(`${hold}.target = ${code.emitter()}`)
          const attempt = `${hold}.hold()\n${create}\n${call}`
          return `${look}\n${policy.lines(code, record, attempt, `${write}\n${hold}.release()`, `${undo}\n${hold}.drop()`)}`
        },
        epoch(code, epoch) {
          const out = code.bind('output', output)
          const call = `${code.bind('logic', logic)}.onEpoch(${epoch}, ${code.bind('states', store)}, ${out})\n`
          return `${logic.onEpoch === undefined ? '' : call}${out}.advance(${epoch})\n${policy.epochLines(code, epoch)}`
        },
        interpret(next, deadLetters) {
          const send = (value: unknown, key: unknown, timestamp: unknown) => next.data(value, key, timestamp)
          if (policy.guards) held.target = send
          else output.send = send
          let cell: Cell<unknown, unknown>
          const attempt = policy.guarded(
            (value, key, timestamp) => {
              if (policy.guards) held.hold()
              return logic.onData(value, cell.state === undefined ? logic.init(key) : cell.state, output, key, timestamp, noTimers)
            },
            deadLetters,
            () => {
              undoCell(store, cell)
              held.drop()
            },
          )
          const advance = policy.epochs(next, deadLetters)
          return {
            data: (value, key, timestamp) => {
              cell = store.cell(key)
              const state = attempt(value, key, timestamp)
              if (state === FAILED) return
              writeCell(store, cell, state)
              held.release()
            },
            epoch: (epoch) => {
              logic.onEpoch?.(epoch, store, output)
              output.advance(epoch)
              advance(epoch)
            },
          }
        },
      }
    },
  })
}

/** A record of which a part has been done by a timer cannot be taken back. */
function checkTimed(logic: AnyStatefulLogic, onError: OnError): AnyStatefulLogic {
  if (onError === 'fail') return logic
  throw new MalstromError(
    'ERR_OPERATOR_ARGUMENT',
    `An operator with timers fails the job when its functions throw; onError: '${onError}' is for those without onTimer and onProcessingTimer. Catch the error in onData.`,
  )
}
