import type { DeadLetter, FailedWindow } from '../error-policy/on-error.ts'
import type { RecordPolicy } from '../error-policy/record-policy.ts'
import type { Window } from './window.ts'

/** What becomes of a window for whose result the user's function throws: it has none. */
export type WindowFailed = (error: unknown, accumulator: unknown, window: Window<unknown>, key: unknown, timestamp: unknown) => void

/** Counts windows without a result, or makes dead letters of them, as a policy asks. */
export class FailedWindows {
  /** Where dead letters go. */
  send: (letter: unknown, key: unknown, timestamp: unknown) => void = () => {}
  /** `undefined` if the job fails. */
  readonly failed: WindowFailed | undefined
  readonly #policy: RecordPolicy

  constructor(policy: RecordPolicy) {
    this.#policy = policy
    this.failed = policy.guards ? (...failure) => this.#treat(...failure) : undefined
  }

  #treat(error: unknown, accumulator: unknown, window: Window<unknown>, key: unknown, timestamp: unknown): void {
    const policy = this.#policy
    if (policy.onError !== 'deadLetter') {
      policy.failure(undefined, key, timestamp, undefined)
      return
    }
    const letter: DeadLetter<unknown, unknown, unknown> = policy.letter(error, accumulator, key, timestamp)
    this.send({ ...letter, window } satisfies FailedWindow<unknown, unknown, unknown>, key, timestamp)
  }
}
