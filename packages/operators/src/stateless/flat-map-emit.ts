import type { Callback, InputShape, OperatorDefinition } from '../stream/definition.ts'

/** Passes on one value derived from the record that is being processed. Valid only during the call it was given to. */
export type Emit<O> = (value: O) => void

/** Like `flatMap`, but the function pushes its outputs instead of returning them: no array, no generator. */
export function flatMapEmit(f: Callback): OperatorDefinition {
  return {
    kind: 'flatMapEmit',
    open: (_context, input) => ({
      record(code, record) {
        const current = new Current()
        const name = code.bind('current', current)
        const expand = code.bind('flatMapEmit', f)
        const emit = code.bind('emit', emitterOf(current))
        const args = input.keyed
          ? `${record.value}, ${emit}, ${record.key}, ${record.timestamp}`
          : `${record.value}, ${emit}, ${record.timestamp}`
        code.setup(`${name}.send = ${code.emitter()}`)
        return [`${name}.key = ${record.key}`, `${name}.timestamp = ${record.timestamp}`, `${expand}(${args})`].join('\n')
      },
      interpret(next) {
        const current = new Current()
        current.send = (value, key, timestamp) => next.data(value, key, timestamp)
        const emit = emitterOf(current)
        const expand = withEmitArgument(input, f, emit)
        return {
          data: (value, key, timestamp) => {
            current.key = key
            current.timestamp = timestamp
            expand(value, key, timestamp)
          },
          epoch: (epoch) => next.epoch(epoch),
        }
      },
    }),
  }
}

/** Key and timestamp of the record that is being processed, and where its outputs go. */
class Current {
  send: (value: unknown, key: unknown, timestamp: unknown) => void = () => {}
  key: unknown
  timestamp: unknown
}

function emitterOf(current: Current): Emit<unknown> {
  return (value) => current.send(value, current.key, current.timestamp)
}

function withEmitArgument(input: InputShape, f: Callback, emit: Emit<unknown>) {
  if (input.keyed) return (value: unknown, key: unknown, timestamp: unknown) => f(value, emit, key, timestamp)
  return (value: unknown, _key: unknown, timestamp: unknown) => f(value, emit, timestamp)
}
