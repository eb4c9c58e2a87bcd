import { type ErrorContext, MalstromError, type Outcome } from '@malstrom/core'

/** What happened, where, and what to do. Holds no address but its origin, no header and no body: those may be credentials. */
export function httpError(message: string, context: ErrorContext, outcome: Outcome, cause?: unknown): MalstromError {
  return new MalstromError('ERR_HTTP', message, { context, outcome, ...(cause === undefined ? {} : { cause }) })
}

/** A check of options, before anything runs. */
export function check(owner: string, holds: boolean, what: string): asserts holds {
  if (!holds) throw new MalstromError('ERR_OPERATOR_ARGUMENT', `${owner} needs ${what}.`)
}

export function isCount(number: unknown): number is number {
  return Number.isSafeInteger(number) && (number as number) > 0
}
