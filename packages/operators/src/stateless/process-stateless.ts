import type { StatelessLogic } from '@malstrom/core'
import { HeldOutput } from '../error-policy/held-output.ts'
import type { OnError } from '../error-policy/on-error.ts'
import { RecordPolicy, withPolicy } from '../error-policy/record-policy.ts'
import type { OperatorDefinition } from '../stream/definition.ts'
import { GuardedOutput } from '../time/guarded-output.ts'

// biome-ignore lint/suspicious/noExplicitAny: erased, the stream's types have checked the logic
type AnyStatelessLogic = StatelessLogic<any, any, any, any>

/** A custom operator without state: an object with `onData` and optionally `onEpoch`, or `onData` alone. */
export function processStateless(logic: AnyStatelessLogic | AnyStatelessLogic['onData'], onError: OnError = 'fail'): OperatorDefinition {
  const methods: AnyStatelessLogic = typeof logic === 'function' ? { onData: logic } : logic
  return withPolicy(onError, {
    kind: 'statelessOp',
    open(context, input) {
      const policy = new RecordPolicy(onError, context)
      const output = new GuardedOutput(context.operatorName, input.time)
      const held = new HeldOutput()
      if (policy.guards) output.send = held.send
      return {
        snapshot: () => output.frontier,
        restore: (saved) => output.restore(saved),
        record(code, record) {
          const out = code.bind('output', output)
          const call = `${code.bind('logic', methods)}.onData(${record.value}, ${out}, ${record.key}, ${record.timestamp})`
          if (!policy.guards) {
            code.setup(`${out}.send = ${code.emitter()}`)
            return call
          }
          const hold = code.bind('held', held)
          code.setup(`${hold}.target = ${code.emitter()}`)
          return policy.lines(code, record, `${hold}.hold()\n${call}`, `${hold}.release()`, `${hold}.drop()`)
        },
        epoch(code, epoch) {
          const out = code.bind('output', output)
          const lines = methods.onEpoch === undefined ? '' : `${code.bind('logic', methods)}.onEpoch(${epoch}, ${out})\n`
          return `${lines}${out}.advance(${epoch})\n${policy.epochLines(code, epoch)}`
        },
        interpret(next, deadLetters) {
          const send = (value: unknown, key: unknown, timestamp: unknown) => next.data(value, key, timestamp)
          if (policy.guards) held.target = send
          else output.send = send
          const attempt = policy.guarded(
            (value, key, timestamp) => {
              if (policy.guards) held.hold()
              methods.onData(value, output, key, timestamp)
              return undefined
            },
            deadLetters,
            () => held.drop(),
          )
          const advance = policy.epochs(next, deadLetters)
          return {
            data: (value, key, timestamp) => {
              if (attempt(value, key, timestamp) === undefined) held.release()
            },
            epoch: (epoch) => {
              methods.onEpoch?.(epoch, output)
              output.advance(epoch)
              advance(epoch)
            },
          }
        },
      }
    },
  })
}
