import { type ErrorContext, MalstromError, type Outcome } from '@malstrom/core'

/** What an `ERR_KAFKA` knows besides where it happened. */
export interface KafkaErrorContext extends ErrorContext {
  readonly topic?: string
  /** The broker's word, such as `TOPIC_AUTHORIZATION_FAILED`, or the system's, such as `ECONNREFUSED`. */
  readonly reason?: string
  /** Whether the same call may succeed later without anybody changing anything. */
  readonly retriable: boolean
}

/** An `ERR_KAFKA`. */
export function kafkaError(message: string, context: KafkaErrorContext, cause?: unknown, outcome: Outcome = 'failed'): MalstromError {
  return new MalstromError('ERR_KAFKA', message, { cause, context, outcome })
}

/** Whether this is an `ERR_KAFKA` that may pass by itself: a broker that is down, a leader that moves. */
export function isRetriable(thrown: unknown): boolean {
  return thrown instanceof MalstromError && thrown.code === 'ERR_KAFKA' && (thrown.context as KafkaErrorContext).retriable
}
