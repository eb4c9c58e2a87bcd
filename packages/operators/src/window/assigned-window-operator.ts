import type { FusedOperator, Receiver } from '@malstrom/core'
import type { OnError } from '../error-policy/on-error.ts'
import { FAILED, RecordPolicy, withPolicy } from '../error-policy/record-policy.ts'
import { stateWithin } from '../keyed/state-within.ts'
import type { OperatorDefinition } from '../stream/definition.ts'
import { endLines, isEnd } from '../time/late-records.ts'
import { AssignedWindows, type FiringOptions } from './assigned-windows.ts'
import { FailedWindows } from './failed-windows.ts'
import { type KeyWindows, packWindows, unpackWindows } from './key-windows.ts'
import type { WindowAssigner } from './window.ts'
import type { WindowFunctions } from './window-functions.ts'

const RESULTS = 0
const LATE = 1

/** Windows of any kind: sessions, those of other assigners, and all that fire more than once. */
export function assignedWindows(
  kind: string,
  assigner: WindowAssigner<unknown>,
  functions: WindowFunctions,
  options: FiringOptions,
  onError: OnError,
): OperatorDefinition {
  const { lateness } = options
  const unpack = (data: unknown, accumulatorOf: (saved: unknown) => unknown) =>
    unpackWindows(data, accumulatorOf, (window) => assigner.lastOf(window))
  const outputs = lateness === undefined ? 1 : 2
  return withPolicy(onError, {
    kind,
    state: stateWithin<KeyWindows>(functions, packWindows, unpack),
    ...(lateness === undefined ? {} : { outputNames: ['results', 'late'] }),
    open(context, { time }): FusedOperator {
      const refusesLate = lateness === undefined && onError === 'deadLetter'
      const windows = new AssignedWindows(context, time, assigner, functions, { ...options, refusesLate })
      const policy = new RecordPolicy(onError, context, outputs)
      const failures = new FailedWindows(policy)
      windows.failed = failures.failed
      const hasLetters = onError === 'deadLetter'
      return {
        snapshot: () => windows.frontier,
        restore: (saved) => windows.restore(saved),
        ...(options.trigger?.everyMs === undefined ? {} : { wake: (code) => `${code.bind('windows', windows)}.fireWaiting()` }),
        explain: () => windows.explain(),
        arrived: (key, state) => windows.watch(key, state as KeyWindows),
        record(code, record) {
          const name = code.bind('windows', windows)
          code.setup(`${name}.send = ${code.emitter(RESULTS)}`)
          if (lateness !== undefined) code.setup(`${name}.sendLate = ${code.emitter(LATE)}`)
          if (hasLetters) code.setup(`${code.bind('failures', failures)}.send = ${code.emitter(policy.deadLetters)}`)
          const { value, key, timestamp } = record
          return policy.lines(
            code,
            record,
            `${name}.attempt(${value}, ${key}, ${timestamp})`,
            `${name}.settle(${value}, ${key}, ${timestamp})`,
          )
        },
        epoch(code, epoch) {
          const advance = `${code.bind('windows', windows)}.advance(${epoch})`
          if (lateness === undefined) return `${advance}\n${policy.epochLines(code, epoch)}`
          const held = code.local('held')
          const lines = [advance, `${held} = ${code.bind('lateness', lateness)}.before(${epoch})`, code.advance(held, RESULTS)]
          // Late records and what they lead to may be behind any epoch.
          lines.push(endLines(code, time, epoch, LATE))
          if (hasLetters) lines.push(endLines(code, time, epoch, policy.deadLetters))
          return lines.join('\n')
        },
        interpret(next: Receiver, ...others: Receiver[]) {
          const late = lateness === undefined ? undefined : others[0]
          const deadLetters = hasLetters ? others[outputs - 1] : undefined
          windows.send = (value, key, timestamp) => next.data(value, key, timestamp)
          windows.sendLate = (value, key, timestamp) => late?.data(value, key, timestamp)
          failures.send = (letter, key, timestamp) => deadLetters?.data(letter, key, timestamp)
          const attempt = policy.guarded((value, key, timestamp) => windows.attempt(value, key, timestamp), deadLetters)
          return {
            data: (value, key, timestamp) => {
              if (attempt(value, key, timestamp) !== FAILED) windows.settle(value, key, timestamp)
            },
            epoch: (epoch) => {
              windows.advance(epoch)
              next.epoch(lateness === undefined ? epoch : lateness.before(epoch))
              for (const other of others) if (lateness === undefined || isEnd(time, epoch)) other.epoch(epoch)
            },
            wake: () => windows.fireWaiting(),
          }
        },
      }
    },
  })
}
