import type { OnError } from '../error-policy/on-error.ts'
import { RecordPolicy, withPolicy } from '../error-policy/record-policy.ts'
import { stateWithin } from '../keyed/state-within.ts'
import type { OperatorDefinition } from '../stream/definition.ts'
import { FailedWindows } from './failed-windows.ts'
import { type KeySlices, packSlices, unpackSlices } from './key-slices.ts'
import { fireLines, lateLines, recordLines } from './sliced-window-code.ts'
import { SlicedWindows } from './sliced-windows.ts'
import type { WindowAssigner } from './window.ts'
import type { WindowFunctions } from './window-functions.ts'

/**
 * Windows that are made of slices, of records that are on time. A record changes one slice of its key; what it
 * costs does not grow with the number of windows it belongs to.
 */
export function slicedWindows(
  kind: string,
  assigner: WindowAssigner<unknown>,
  functions: WindowFunctions,
  onError: OnError,
): OperatorDefinition {
  return withPolicy(onError, {
    kind,
    state: stateWithin<KeySlices>(functions, packSlices, unpackSlices),
    open(context, { time }) {
      const windows = new SlicedWindows(context, time, assigner, functions)
      const policy = new RecordPolicy(onError, context)
      const failures = new FailedWindows(policy)
      windows.failed = failures.failed
      return {
        snapshot: () => windows.frontier,
        restore: (saved) => windows.restore(saved),
        explain: () => windows.explain(),
        arrived: (key, state) => windows.watch(key, state as KeySlices),
        record(code, record) {
          const name = code.bind('windows', windows)
          code.setup(`${name}.send = ${code.emitter()}`)
          if (policy.guards) {
            if (onError === 'deadLetter') code.setup(`${code.bind('failures', failures)}.send = ${code.emitter(policy.deadLetters)}`)
            const attempt = policy.lines(code, record, `${name}.attempt(${record.value}, ${record.key}, ${record.timestamp})`, '')
            return onError === 'deadLetter' ? attempt : lateLines(code, record, windows, attempt)
          }
          return recordLines(code, record, windows, (sum) => {
            return `${sum} = ${code.bind('add', functions.add)}(${sum}, ${record.value}, ${record.key}, ${record.timestamp})`
          })
        },
        epoch: (code, epoch) => `${fireLines(code, epoch, time, windows)}\n${policy.epochLines(code, epoch)}`,
        interpret(next, deadLetters) {
          windows.send = (value, key, timestamp) => next.data(value, key, timestamp)
          failures.send = (letter, key, timestamp) => deadLetters?.data(letter, key, timestamp)
          const attempt = policy.guarded((value, key, timestamp) => windows.attempt(value, key, timestamp), deadLetters)
          const add = policy.guards ? attempt : (value: unknown, key: unknown, timestamp: unknown) => windows.data(value, key, timestamp)
          const advance = policy.epochs(next, deadLetters)
          return {
            data: (value, key, timestamp) => {
              if (onError !== 'deadLetter' && windows.isLate(timestamp)) context.counters.late++
              else add(value, key, timestamp)
            },
            epoch: (epoch) => {
              windows.advance(epoch)
              advance(epoch)
            },
          }
        },
      }
    },
  })
}
