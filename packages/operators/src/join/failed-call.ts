import type { OperatorContext, Receiver, RecordNames, TaskCode } from '@malstrom/core'
import type { OnError } from '../error-policy/on-error.ts'
import { RecordPolicy } from '../error-policy/record-policy.ts'
import type { Callback } from '../stream/definition.ts'

/** In place of a result where the function of a join has thrown. */
class FailedCall {
  readonly error: unknown
  /** What it was called with of both streams. */
  readonly pair: readonly unknown[]

  constructor(error: unknown, pair: readonly unknown[]) {
    this.error = error
    this.pair = pair
  }
}

/** The function of a join as its policy wants it: one that fails with its job, or returns what `JoinResults` knows as failed. */
export function guardedCall(f: Callback, onError: OnError): Callback {
  if (onError === 'fail') return f
  return (left, right, ...more) => {
    try {
      return f(left, right, ...more)
    } catch (error) {
      return new FailedCall(error, [left, right])
    }
  }
}

export function hasFailed(result: unknown): boolean {
  return result instanceof FailedCall
}

/** Where the results of a join go, and what becomes of the pairs of records that have none. */
export class JoinResults {
  readonly policy: RecordPolicy
  send: (value: unknown, key: unknown, timestamp: unknown) => void = () => {}
  sendDead: (value: unknown, key: unknown, timestamp: unknown) => void = () => {}
  readonly emit: (result: unknown, key: unknown, timestamp: unknown) => void

  constructor(onError: OnError, context: OperatorContext) {
    const policy = new RecordPolicy(onError, context)
    this.policy = policy
    this.emit = (result, key, timestamp) => {
      if (!(result instanceof FailedCall)) this.send(result, key, timestamp)
      else if (onError === 'deadLetter') this.sendDead(policy.letter(result.error, result.pair, key, timestamp), key, timestamp)
      else policy.failure(undefined, key, timestamp, undefined)
    }
  }

  /** Connects `emit` in generated code; returns its name. */
  setup(code: TaskCode): string {
    const name = code.bind('results', this)
    code.setup(`${name}.send = ${code.emitter()}`)
    if (this.policy.onError === 'deadLetter') code.setup(`${name}.sendDead = ${code.emitter(this.policy.deadLetters)}`)
    return `${name}.emit`
  }

  /** Lines that send on a result; without a call where nothing can have failed. */
  lines(code: TaskCode, record: RecordNames): string {
    if (!this.policy.guards) return code.emit(record)
    return `${this.setup(code)}(${record.value}, ${record.key}, ${record.timestamp})`
  }

  interpret(next: Receiver, deadLetters: Receiver | undefined): void {
    this.send = (value, key, timestamp) => next.data(value, key, timestamp)
    this.sendDead = (letter, key, timestamp) => deadLetters?.data(letter, key, timestamp)
  }
}
