import { MalstromError } from '@malstrom/core'
import { withMethods } from '../stream/arguments.ts'
import type { Window } from './window.ts'

/**
 * When windows fire before they are complete: early firings. They fire once more when they are complete if
 * records have come since, and never without a record that has come since the last firing.
 */
export interface Trigger<V, T> {
  /**
   * Called for each record, after it was added to the window: true fires the window at once. Must depend on
   * nothing but its arguments.
   *
   * @param pending Records of this key in this window since it fired last, with this one.
   */
  fires?(pending: number, value: V, timestamp: T, window: Window<T>): boolean
  /** Windows fire at most so many milliseconds of processing time after a record has come to them. */
  readonly everyMs?: number
}

/** A trigger that a job has given, checked. */
export function checkTrigger(trigger: Trigger<unknown, unknown>): Trigger<unknown, unknown> {
  const { fires, everyMs } = (trigger ?? {}) as Trigger<unknown, unknown>
  if (fires === undefined && everyMs === undefined) {
    throw new MalstromError('ERR_OPERATOR_ARGUMENT', 'a trigger has the method fires or the number everyMs, for example everyCount(100).')
  }
  if (everyMs !== undefined) checkMs(everyMs)
  return fires === undefined ? trigger : withMethods(trigger, 'fires')
}

function checkMs(ms: number): void {
  if (typeof ms === 'number' && ms > 0 && ms < Number.POSITIVE_INFINITY) return
  throw new MalstromError('ERR_OPERATOR_ARGUMENT', `everyMs needs a number of milliseconds above 0, not ${String(ms)}.`)
}

/** Fires the windows to which records have come, `ms` milliseconds of processing time after the first of them. */
export function everyMs(ms: number): Trigger<unknown, unknown> {
  checkMs(ms)
  return { everyMs: ms }
}

/** Fires with every `count` records of a key in a window. */
export function everyCount(count: number): Trigger<unknown, unknown> {
  if (!(Number.isSafeInteger(count) && count > 0)) {
    throw new MalstromError('ERR_OPERATOR_ARGUMENT', `everyCount needs a whole number above 0, not ${String(count)}.`)
  }
  return { fires: (pending) => pending >= count }
}
