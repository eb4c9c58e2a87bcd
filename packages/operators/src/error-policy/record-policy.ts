import {
  checkOptionNames,
  MalstromError,
  messageOf,
  type OperatorContext,
  type OperatorCounters,
  type Receiver,
  type RecordNames,
  type TaskCode,
} from '@malstrom/core'
import type { OperatorDefinition } from '../stream/definition.ts'
import { causeOf } from './dead-letter-cause.ts'
import type { DeadLetter, ErrorPolicy, OnError } from './on-error.ts'

const modes: readonly OnError[] = ['fail', 'skip', 'deadLetter']

const RESULTS = 0

/** What the interpreted form of a call returns when the record has been dealt with as one that failed. */
export const FAILED = Symbol('failed')

/** The policy that options ask for. `others`: names of options besides. @throws MalstromError `ERR_OPERATOR_ARGUMENT` */
export function onErrorOf(operator: string, options: ErrorPolicy = {}, others: readonly string[] = []): OnError {
  if (typeof options !== 'object' || options === null) {
    throw new MalstromError('ERR_OPERATOR_ARGUMENT', `the options of ${operator} are an object, not ${messageOf(options)}.`)
  }
  checkOptionNames(operator, options, [...others, 'onError'])
  const { onError = 'fail' } = options
  if (modes.includes(onError)) return onError
  throw new MalstromError('ERR_OPERATOR_ARGUMENT', `onError is one of ${modes.join(', ')}, not ${messageOf(onError)}.`)
}

/** The definition with the outputs that the policy asks for. */
export function withPolicy(onError: OnError, definition: OperatorDefinition): OperatorDefinition {
  if (onError !== 'deadLetter') return definition
  const { outputNames = ['results'] } = definition
  return { ...definition, outputNames: [...outputNames, 'deadLetters'], deadLetterOutput: outputNames.length }
}

type Call<R> = (value: unknown, key: unknown, timestamp: unknown) => R

/**
 * What an operator does with a record for which the user's function throws. Only the attempt, which is the call and the checks of
 * what it returns, is guarded: what happens behind the operator is not its own. With `fail` no line is added.
 */
export class RecordPolicy {
  readonly onError: OnError
  /** The number of the output of dead letters. */
  readonly deadLetters: number
  readonly #operator: string
  readonly #counters: OperatorCounters

  /** `outputs`: those that the operator has besides. */
  constructor(onError: OnError, { operatorName, counters }: OperatorContext, outputs = 1) {
    this.onError = onError
    this.deadLetters = outputs
    this.#operator = operatorName
    this.#counters = counters
  }

  /** Whether an attempt may fail and the job goes on. */
  get guards(): boolean {
    return this.onError !== 'fail'
  }

  /** Lines that do `attempt`, and `success` if it does not throw; `undo` if it does. */
  lines(code: TaskCode, record: RecordNames, attempt: string, success: string, undo = ''): string {
    if (!this.guards) return `${attempt}\n${success}`
    const letters = this.onError === 'deadLetter'
    const failure = code.local('failure')
    const caught = letters ? `${code.bind('letter', this.letter)}(error, ${record.value}, ${record.key}, ${record.timestamp})` : 'true'
    const failed = this.failureLines(code, { ...record, value: failure })
    return [
      `${failure} = undefined`,
      `try {\n${attempt}\n} catch (error) {\n${failure} = ${caught}\n}`,
      `if (${failure} === undefined) {\n${success}\n} else {\n${undo}\n${failed}\n}`,
    ].join('\n')
  }

  /** Lines for a record that has failed, whose `value` is the dead letter if there is to be one. */
  failureLines(code: TaskCode, failed: RecordNames): string {
    if (this.onError === 'deadLetter') return code.emit(failed, this.deadLetters)
    return code.count(`${code.bind('counters', this.#counters)}.skipped`)
  }

  /** Lines that pass an epoch to all outputs. */
  epochLines(code: TaskCode, epoch: string): string {
    const results = code.advance(epoch, RESULTS)
    return this.onError === 'deadLetter' ? `${results}\n${code.advance(epoch, this.deadLetters)}` : results
  }

  /** The interpreted form of `lines`: returns `FAILED` if the attempt has failed and the record is dealt with. */
  guarded<R>(attempt: Call<R>, deadLetters: Receiver | undefined, undo?: () => void): Call<R | typeof FAILED> {
    if (!this.guards) return attempt
    return (value, key, timestamp) => {
      let thrown: unknown
      try {
        return attempt(value, key, timestamp)
      } catch (error) {
        thrown = error
      }
      const letter = this.onError === 'deadLetter' ? this.letter(thrown, value, key, timestamp) : undefined
      undo?.()
      this.failure(letter, key, timestamp, deadLetters)
      return FAILED
    }
  }

  /** The interpreted form of `failureLines`. */
  failure(letter: unknown, key: unknown, timestamp: unknown, deadLetters: Receiver | undefined): void {
    if (this.onError !== 'deadLetter') this.#counters.skipped++
    else deadLetters?.data(letter, key, timestamp)
  }

  /** The interpreted form of `epochLines`. */
  epochs(results: Receiver, deadLetters: Receiver | undefined): (epoch: unknown) => void {
    if (this.onError !== 'deadLetter' || deadLetters === undefined) return (epoch) => results.epoch(epoch)
    return (epoch) => {
      results.epoch(epoch)
      deadLetters.epoch(epoch)
    }
  }

  readonly letter = (thrown: unknown, value: unknown, key: unknown, timestamp: unknown): DeadLetter<unknown, unknown, unknown> => ({
    value,
    key,
    timestamp,
    operator: this.#operator,
    cause: causeOf(thrown),
  })
}
