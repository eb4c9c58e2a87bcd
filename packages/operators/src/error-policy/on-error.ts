/**
 * What happens to a record for which a function of the user throws. `fail`: the job fails, with an error that names operator, key
 * and timestamp. `skip`: the record is dropped and counted as `skipped` in `Execution.status()`. `deadLetter`: the operator has two
 * outputs, `{ results, deadLetters }`, and the record goes to the second one, which must be read or discarded.
 */
export type OnError = 'fail' | 'skip' | 'deadLetter'

/** Options of an operator that calls a function of the user for each record. */
export interface ErrorPolicy<M extends OnError = OnError> {
  /**
   * What becomes of a record for which the function throws. Errors of operators behind this one are theirs.
   * @default 'fail'
   */
  readonly onError?: M
}

/** What an operator with an `ErrorPolicy` returns: a stream, or with `deadLetter` two of them. */
export type Results<M extends OnError, S, D> = M extends 'deadLetter' ? WithDeadLetters<S, D> : S

/** The two outputs of an operator that does not fail for a record. Epochs go to both. */
export interface WithDeadLetters<S, D> {
  readonly results: S
  /** The records for which the function has thrown, in their order, each with its key and timestamp. */
  readonly deadLetters: D
}

/**
 * A record that could not be processed, as plain data: it crosses exchanges and can be written to a sink. The idea is the
 * dead letter channel of Enterprise Integration Patterns (Hohpe and Woolf).
 */
export interface DeadLetter<V, K, T> {
  /** The value as it came in. If the function has changed it in place, as the function has left it. */
  readonly value: V
  /** `undefined` on streams without keys. */
  readonly key: K
  readonly timestamp: T
  /** The name of the operator. */
  readonly operator: string
  readonly cause: DeadLetterCause
}

/**
 * A window whose result could not be made: the function that makes it from what the window has (`value`) has thrown. `'window' in letter`
 * tells these from records.
 */
export interface FailedWindow<A, K, T, W = T> extends DeadLetter<A, K, T> {
  readonly window: { readonly start: W; readonly end: W }
}

/** Why a record could not be processed. What an error does not have is absent. */
export interface DeadLetterCause {
  readonly message: string
  /** The `name` of the error; the type of what was thrown if that was no error. */
  readonly name: string
  readonly code?: string
  readonly stack?: string
  /** What a schema has found, for `validate`. */
  readonly issues?: readonly ValidationIssue[]
}

/** One thing that a schema finds wrong. */
export interface ValidationIssue {
  readonly message: string
  /** The way to the part of the value that is wrong; empty for the value itself. */
  readonly path: readonly (string | number)[]
}
