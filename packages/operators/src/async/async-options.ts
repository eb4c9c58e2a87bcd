import { checkOptionNames, MalstromError } from '@malstrom/core'
import type { ErrorPolicy, OnError } from '../error-policy/on-error.ts'

/** What an asynchronous call is told besides its record. */
export interface AsyncCall {
  /** Aborted when the call has taken longer than `timeoutMs`, and when the worker ends. Give it to `fetch` and the like. */
  readonly signal: AbortSignal
  /** The number of this call for its record: 1, then 2 for the first retry. Counts from 1 again after a restart. */
  readonly attempt: number
}

/**
 * How `mapAsync` calls its function. After Flink's asynchronous I/O, with retries. `onError` says what becomes of a record whose
 * last call has failed: it has thrown, its promise was rejected, or it took longer than `timeoutMs`.
 */
export interface AsyncOptions<M extends OnError = 'fail'> extends ErrorPolicy<M> {
  /**
   * `true`: results leave in the order of the records on each worker, so a slow call keeps back those behind it.
   * `false`: each leaves when it is there. In both, no epoch leaves before the results of the records in front of it.
   *
   * @default true
   */
  readonly ordered?: boolean
  /**
   * Most calls on each worker that have been made and whose results have not left: a whole number from 1. When it
   * is reached, no further records are taken.
   *
   * @default 100
   */
  readonly capacity?: number
  /** How long one call may take, in milliseconds above 0. Then its signal is aborted, and it counts as failed. @default 60_000 */
  readonly timeoutMs?: number
  /** What is done about a call that has failed, before `onError`; by default, nothing. */
  readonly retries?: AsyncRetries
}

export interface AsyncRetries {
  /** Most calls for one record, the first one included: a whole number from 1. */
  readonly attempts: number
  /** How long to wait before the second call, in milliseconds from 0. */
  readonly backOffMs: number
  /** How much longer each wait is than the one before: from 1. No wait is longer than an hour. @default 2 */
  readonly factor?: number
  /** Whether another call may help, after `attempt` calls; by default, always. */
  retryIf?(error: unknown, attempt: number): boolean
}

/** The names of the options besides `onError`. */
export const ASYNC_OPTIONS: readonly string[] = ['ordered', 'capacity', 'timeoutMs', 'retries']

/** Options with their defaults. */
export interface AsyncSettings {
  readonly ordered: boolean
  readonly capacity: number
  readonly timeoutMs: number
  readonly attempts: number
  readonly backOffMs: number
  readonly factor: number
  readonly retryIf: (error: unknown, attempt: number) => boolean
}

/** The settings of options whose names are right. @throws MalstromError `ERR_OPERATOR_ARGUMENT` */
export function asyncSettings(options: AsyncOptions<OnError> = {}): AsyncSettings {
  const { ordered = true, capacity = 100, timeoutMs = 60_000, retries } = options
  if (typeof ordered !== 'boolean') refuse(`ordered is true or false, not ${String(ordered)}.`)
  if (!isCount(capacity)) refuse(`capacity is a whole number above 0, not ${String(capacity)}.`)
  if (!(timeoutMs > 0 && timeoutMs < 2 ** 31)) refuse(`timeoutMs is above 0 and below 2^31, not ${String(timeoutMs)}.`)
  const always = () => true
  if (retries === undefined) return { ordered, capacity, timeoutMs, attempts: 1, backOffMs: 0, factor: 1, retryIf: always }
  checkOptionNames('retries', retries, ['attempts', 'backOffMs', 'factor', 'retryIf'])
  const { attempts, backOffMs, factor = 2 } = retries
  if (!isCount(attempts)) refuse(`retries.attempts is a whole number above 0, not ${String(attempts)}. It counts the first call too.`)
  if (!(backOffMs >= 0 && backOffMs < 2 ** 31)) refuse(`retries.backOffMs is from 0 and below 2^31, not ${String(backOffMs)}.`)
  if (!(factor >= 1 && factor < Number.POSITIVE_INFINITY)) refuse(`retries.factor is a number from 1, not ${String(factor)}.`)
  if (retries.retryIf !== undefined && typeof retries.retryIf !== 'function') refuse('retries.retryIf is a function.')
  const retryIf = (error: unknown, attempt: number) => retries.retryIf?.(error, attempt) ?? true
  return { ordered, capacity, timeoutMs, attempts, backOffMs, factor, retryIf }
}

function isCount(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) > 0
}

function refuse(message: string): never {
  throw new MalstromError('ERR_OPERATOR_ARGUMENT', message)
}
