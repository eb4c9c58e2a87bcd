import type { ErrorCode } from './error-code.ts'

/** Where an error happened. Every field is optional: an error tells what it knows. */
export interface ErrorContext {
  readonly job?: string
  readonly operator?: string
  readonly worker?: number
  readonly partition?: unknown
  /** The key of the record that was being processed; absent on streams without keys. */
  readonly key?: unknown
  /** The timestamp of the record that was being processed, or the epoch. */
  readonly timestamp?: unknown
  readonly path?: string
  readonly line?: number
}

/**
 * Whether the operation that failed took effect. `failed`: it did not, and may be tried again.
 * `unknown`: it may have, so only an idempotent operation may be tried again.
 */
export type Outcome = 'failed' | 'unknown'

export interface ErrorOptions {
  readonly cause?: unknown
  readonly context?: ErrorContext
  readonly outcome?: Outcome
}

/**
 * The one error type of Malstrom. The message says what happened, where, and what to do; `code` is
 * stable, so programs can act on it.
 */
export class MalstromError extends Error {
  readonly code: ErrorCode
  readonly context: ErrorContext
  readonly outcome: Outcome

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'MalstromError'
    this.code = code
    this.context = options.context ?? {}
    this.outcome = options.outcome ?? 'failed'
  }
}

/** Stops at a state that must be impossible: going on would corrupt data. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new MalstromError('ERR_ASSERTION', `This must never happen, please report it: ${message}`)
}

/** The message of anything that was thrown; also of values that are no errors. */
export function messageOf(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message
  try {
    return String(thrown)
  } catch {
    return 'something that has no text' // An object without a prototype, for example.
  }
}
