import { isTimestamp, MalstromError, type TimestampAlgebra } from '@malstrom/core'
import { type Callback, callbackArguments, type OperatorDefinition, withKeyArgument } from '../stream/definition.ts'

/** Replaces the timestamps. The old epochs mean nothing for the new ones, so only the end of the stream passes. */
export function assignTimestamps(f: Callback, time: TimestampAlgebra<unknown>): OperatorDefinition {
  return {
    kind: 'assignTimestamps',
    outputTime: time,
    open: (context, input) => {
      const reject = (timestamp: unknown) => rejectTimestamp(context.operatorName, timestamp)
      const isEnd = (epoch: unknown) => input.time.compare(epoch, input.time.max) >= 0
      return {
        record(code, record) {
          const timestamp = code.local('timestamp')
          return [
            `${timestamp} = ${code.bind('timestampOf', f)}(${callbackArguments(input, record)})`,
            `if (${code.noTimestamp(time, timestamp)}) ${code.bind('reject', reject)}(${timestamp})`,
            code.emit({ ...record, timestamp }),
          ].join('\n')
        },
        epoch: (code, epoch) => `if (${code.bind('isEnd', isEnd)}(${epoch})) {\n${code.advance(code.bind('end', time.max))}\n}`,
        interpret(next) {
          const timestampOf = withKeyArgument(input, f)
          return {
            data: (value, key, oldTimestamp) => {
              const timestamp = timestampOf(value, key, oldTimestamp)
              if (!isTimestamp(time, timestamp)) reject(timestamp)
              next.data(value, key, timestamp)
            },
            epoch: (epoch) => {
              if (isEnd(epoch)) next.epoch(time.max)
            },
          }
        },
      }
    },
  }
}

function rejectTimestamp(operator: string, timestamp: unknown): never {
  throw new MalstromError(
    'ERR_TIMESTAMP_INVALID',
    `Operator "${operator}" assigned the timestamp ${String(timestamp)}, which is none. Check the field it is read from, and drop or repair such records with filter or map before.`,
    { context: { operator, timestamp } },
  )
}
