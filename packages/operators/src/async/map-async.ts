import type { OnError } from '../error-policy/on-error.ts'
import { RecordPolicy, withPolicy } from '../error-policy/record-policy.ts'
import type { Callback, OperatorDefinition } from '../stream/definition.ts'
import type { AsyncSettings } from './async-options.ts'
import { explainCalls } from './explain-calls.ts'
import { type AsyncFunction, PendingCalls, type SavedCalls } from './pending-calls.ts'

/** One output per record, which a promise brings. Calls that are under way are part of snapshots, and made again. */
export function mapAsync(f: Callback, settings: AsyncSettings, onError: OnError = 'fail'): OperatorDefinition {
  return withPolicy(onError, {
    kind: 'mapAsync',
    open(context, { keyed, time }) {
      const call: AsyncFunction = keyed ? f : (value, _key, timestamp, about) => f(value, timestamp, about)
      const policy = new RecordPolicy(onError, context)
      const calls = new PendingCalls({ f: call, settings, policy, context, keyed, time })
      const isPending = () => calls.count > 0
      return {
        snapshot: () => calls.snapshot(),
        restore: (saved, share) => calls.restore(saved as readonly SavedCalls[], share),
        pending: isPending,
        inFlight: isPending,
        explain: () => explainCalls(calls.all(), settings, context.now()),
        close: () => calls.close(),
        record: (code, { value, key, timestamp }) => `${code.bind('calls', calls)}.add(${value}, ${key}, ${timestamp})`,
        epoch: (code, epoch) => `if (${code.bind('calls', calls)}.receive(${epoch})) {\n${policy.epochLines(code, epoch)}\n}`,
        wake(code) {
          const name = code.bind('calls', calls)
          const [owed, left] = [code.local('owed'), code.local('left')]
          const record = { value: `${left}.result`, key: `${left}.key`, timestamp: `${left}.timestamp` }
          const passed = code.emit(record)
          return [
            `${owed} = ${name}.takeOwed()`,
            `if (${owed} !== undefined) {\n${policy.epochLines(code, owed)}\n${code.resume()}\n}`,
            `${name}.look()`,
            `while ((${left} = ${name}.take()) !== undefined) {`,
            `${owed} = ${name}.epoch`,
            policy.guards ? `if (${left}.hasFailed) {\n${policy.failureLines(code, record)}\n} else {\n${passed}\n}` : passed,
            `if (${owed} !== undefined) {\n${policy.epochLines(code, owed)}\n}`,
            code.resume(),
            '}',
          ].join('\n')
        },
        interpret: (next, deadLetters) => {
          const advance = policy.epochs(next, deadLetters)
          return {
            data: (value, key, timestamp) => calls.add(value, key, timestamp),
            epoch: (epoch) => {
              if (calls.receive(epoch)) advance(epoch)
            },
            wake: () => {
              const owed = calls.takeOwed()
              if (owed !== undefined) advance(owed)
              calls.look()
              for (let left = calls.take(); left !== undefined; left = calls.take()) {
                const { epoch } = calls
                if (left.hasFailed) policy.failure(left.result, left.key, left.timestamp, deadLetters)
                else next.data(left.result, left.key, left.timestamp)
                if (epoch !== undefined) advance(epoch)
              }
            },
          }
        },
      }
    },
  })
}
