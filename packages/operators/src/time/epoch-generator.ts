import { MalstromError } from '@malstrom/core'

/**
 * Proposes an epoch after a record: a promise that no record at or before it follows. `previous` is
 * the last epoch. `undefined`, or anything not after `previous`, proposes none.
 */
export type EpochGenerator<V, T> = (value: V, timestamp: T, previous: T | undefined) => T | undefined

/**
 * Lets records be up to `boundMs` behind the latest one: after each record the epoch is its timestamp
 * minus the bound. For timestamps that are numbers (the bound has their unit), bigints or `Date`s (the
 * bound is in milliseconds); 0 asks for strict order.
 */
export function limitOutOfOrderness(boundMs: number): <T extends number | bigint | Date>(value: unknown, timestamp: T) => T
/** The same for any other type of timestamp: `minus` subtracts the bound. */
export function limitOutOfOrderness<T, B>(bound: B, minus: (timestamp: T, bound: B) => T): EpochGenerator<unknown, T>
export function limitOutOfOrderness<T, B>(bound: B, minus?: (timestamp: T, bound: B) => T): EpochGenerator<unknown, T> {
  if (minus !== undefined) return (_value, timestamp) => minus(timestamp, bound)
  if (typeof bound !== 'number' || !(bound >= 0)) {
    throw new MalstromError('ERR_OPERATOR_ARGUMENT', `limitOutOfOrderness needs a bound of at least 0, not ${String(bound)}.`)
  }
  return (_value, timestamp) => {
    if (typeof timestamp === 'number') return (timestamp - bound) as T
    if (typeof timestamp === 'bigint') return (timestamp - BigInt(bound)) as T
    return new Date((timestamp as Date).getTime() - bound) as T
  }
}
