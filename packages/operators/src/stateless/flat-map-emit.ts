import { HeldOutput } from '../error-policy/held-output.ts'
import type { OnError } from '../error-policy/on-error.ts'
import { RecordPolicy, withPolicy } from '../error-policy/record-policy.ts'
import type { Callback, InputShape, OperatorDefinition } from '../stream/definition.ts'
import { isNumberTime } from '../time/is-number-time.ts'

/** Passes on one value derived from the record that is being processed. Valid only during the call it was given to. */
export type Emit<O> = (value: O) => void

/** Like `flatMap`, but the function pushes its outputs instead of returning them: no array, no generator. */
export function flatMapEmit(f: Callback, onError: OnError = 'fail'): OperatorDefinition {
  return withPolicy(onError, {
    kind: 'flatMapEmit',
    open(context, input) {
      const policy = new RecordPolicy(onError, context)
      return {
        record(code, record) {
          const current = new Current()
          const name = code.bind('current', current)
          // A number in a field, or one that is given to a function, is an object of its own for each record.
          const times = isNumberTime(input.time) ? new Float64Array(1) : [undefined]
          const time = `${code.bind('times', times)}[0]`
          const expand = code.bind('flatMapEmit', f)
          const callWith = (emit: Emit<unknown>) => {
            const args = [record.value, code.bind('emit', emit), ...(input.keyed ? [record.key] : []), record.timestamp]
            return `${expand}(${args.join(', ')})`
          }
          const place = `${name}.key = ${record.key}\n${time} = ${record.timestamp}`
          if (!policy.guards) {
            code.setup(`${name}.send = ${code.emitter(0, time)}`)
            return `${place}\n${callWith((value) => current.send(value, current.key))}`
          }
          const output = new HeldOutput()
          current.send = output.send
          const held = code.bind('held', output)
          code.setup(`${held}.target = ${code.emitter()}`)
          const lines = policy.lines(
            code,
            record,
            `${held}.hold()\n${callWith(emitterOf(current, times))}`,
            `${held}.release()`,
            `${held}.drop()`,
          )
          return `${place}\n${lines}`
        },
        interpret(next, deadLetters) {
          const current = new Current()
          const output = new HeldOutput()
          output.target = (value, key, timestamp) => next.data(value, key, timestamp)
          current.send = output.send
          const times: unknown[] = [undefined]
          const expand = withEmitArgument(input, f, emitterOf(current, times))
          const attempt = policy.guarded(
            (value, key, timestamp) => {
              if (policy.guards) output.hold()
              expand(value, key, timestamp)
              return undefined
            },
            deadLetters,
            () => output.drop(),
          )
          return {
            data: (value, key, timestamp) => {
              current.key = key
              times[0] = timestamp
              if (attempt(value, key, timestamp) === undefined) output.release()
            },
            epoch: policy.epochs(next, deadLetters),
          }
        },
      }
    },
  })
}

/** The key of the record that is being processed, and where its outputs go. */
class Current {
  /** Without a timestamp where it reads that by itself. */
  send: (value: unknown, key: unknown, timestamp?: unknown) => void = () => {}
  key: unknown
}

/** `times`: the timestamp of that record. */
function emitterOf(current: Current, times: ArrayLike<unknown>): Emit<unknown> {
  return (value) => current.send(value, current.key, times[0])
}

function withEmitArgument(input: InputShape, f: Callback, emit: Emit<unknown>) {
  if (input.keyed) return (value: unknown, key: unknown, timestamp: unknown) => f(value, emit, key, timestamp)
  return (value: unknown, _key: unknown, timestamp: unknown) => f(value, emit, timestamp)
}
