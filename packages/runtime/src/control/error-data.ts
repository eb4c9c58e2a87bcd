import { type ErrorCode, MalstromError } from '@malstrom/core'

/** An error as it is sent from worker to worker. */
export interface ErrorData {
  readonly code: ErrorCode | undefined
  readonly name: string
  readonly message: string
  readonly stack: string | undefined
  readonly context: MalstromError['context']
  readonly outcome: MalstromError['outcome'] | undefined
  /** `code` of Node's own errors. */
  readonly systemCode: string | undefined
  readonly cause: ErrorData | undefined
}

/** Causes that are sent with an error. */
const CAUSES_MAX = 8

export function errorData(error: unknown, depth = 0): ErrorData {
  const known = error instanceof Error ? error : new Error(String(error))
  const own = error instanceof MalstromError ? error : undefined
  const systemCode = (known as { code?: unknown }).code
  return {
    code: own?.code,
    name: known.name,
    message: known.message,
    stack: known.stack,
    context: own?.context ?? {},
    outcome: own?.outcome,
    systemCode: own === undefined && typeof systemCode === 'string' ? systemCode : undefined,
    cause: known.cause === undefined || depth >= CAUSES_MAX ? undefined : errorData(known.cause, depth + 1),
  }
}

export function errorFrom({ code, name, message, stack, context, outcome, systemCode, cause }: ErrorData): Error {
  const options = cause === undefined ? {} : { cause: errorFrom(cause) }
  const error =
    code === undefined
      ? Object.assign(new Error(message, options), { name, ...(systemCode === undefined ? {} : { code: systemCode }) })
      : new MalstromError(code, message, { ...options, context, ...(outcome === undefined ? {} : { outcome }) })
  if (stack !== undefined) error.stack = stack
  return error
}
