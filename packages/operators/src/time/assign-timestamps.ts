import { isTimestamp, MalstromError, type TimestampAlgebra } from '@malstrom/core'
import type { OnError } from '../error-policy/on-error.ts'
import { FAILED, RecordPolicy, withPolicy } from '../error-policy/record-policy.ts'
import { type Callback, callbackArguments, type OperatorDefinition, withKeyArgument } from '../stream/definition.ts'

/** Replaces the timestamps. The old epochs mean nothing for the new ones, so only the end of the stream passes. */
export function assignTimestamps(f: Callback, time: TimestampAlgebra<unknown>, onError: OnError = 'fail'): OperatorDefinition {
  return withPolicy(onError, {
    kind: 'assignTimestamps',
    outputTime: time,
    needsEach: true,
    open(context, input) {
      const policy = new RecordPolicy(onError, context)
      const reject = (timestamp: unknown) => rejectTimestamp(context.operatorName, timestamp)
      const isEnd = (epoch: unknown) => input.time.compare(epoch, input.time.max) >= 0
      return {
        record(code, record) {
          const timestamp = code.local('timestamp')
          const call = [
            `${timestamp} = ${code.bind('timestampOf', f)}(${callbackArguments(input, record)})`,
            `if (${code.noTimestamp(time, timestamp)}) ${code.bind('reject', reject)}(${timestamp})`,
          ]
          return policy.lines(code, record, call.join('\n'), code.emit({ ...record, timestamp }))
        },
        epoch(code, epoch) {
          const lines = `if (${code.bind('isEnd', isEnd)}(${epoch})) {\n${code.advance(code.bind('end', time.max))}\n}`
          return onError === 'deadLetter' ? `${lines}\n${code.advance(epoch, policy.deadLetters)}` : lines
        },
        interpret(next, deadLetters) {
          const timestampOf = withKeyArgument(input, f)
          const attempt = policy.guarded((value, key, oldTimestamp): unknown => {
            const timestamp = timestampOf(value, key, oldTimestamp)
            if (!isTimestamp(time, timestamp)) reject(timestamp)
            return timestamp
          }, deadLetters)
          return {
            data: (value, key, oldTimestamp) => {
              const timestamp = attempt(value, key, oldTimestamp)
              if (timestamp !== FAILED) next.data(value, key, timestamp)
            },
            epoch: (epoch) => {
              if (isEnd(epoch)) next.epoch(time.max)
              if (onError === 'deadLetter') deadLetters?.epoch(epoch)
            },
          }
        },
      }
    },
  })
}

function rejectTimestamp(operator: string, timestamp: unknown): never {
  throw new MalstromError(
    'ERR_TIMESTAMP_INVALID',
    `Operator "${operator}" assigned the timestamp ${String(timestamp)}, which is none. Check the field it is read from, and drop or repair such records with filter or map before.`,
    { context: { operator, timestamp } },
  )
}
