import { MalstromError, type StateDefinition, type StateStore, type TaskCode, type TimestampAlgebra } from '@malstrom/core'
import { kindOf, positiveUnitsOf, type Size, type SizedTime, shiftOf } from '../window/duration.ts'
import { ExpiryQueue } from './expiry-queue.ts'
import { stateWithin } from './state-within.ts'

/** How long the state of a key is kept. */
export interface TtlOptions<T> {
  /**
   * Time to live, in event time: the state of a key is forgotten when the frontier has reached the timestamp of the
   * last record that wrote it plus `ttl`. A number or bigint of the unit of the timestamps, or a duration such as
   * `{ hours: 1 }`. Until an epoch passes the state stays, so on a stream without epochs it goes away at the end only.
   *
   * @default states are kept for ever
   */
  readonly ttl?: T extends SizedTime ? Size : never
}

/** A time to live, as a sum with timestamps. */
export interface Ttl {
  readonly time: TimestampAlgebra<unknown>
  /** The number to add; `undefined` for timestamps that are not numbers. */
  readonly number: number | undefined
  after(timestamp: unknown): unknown
}

/** Checks a time to live. */
export function ttlOf(ttl: Size | undefined, time: TimestampAlgebra<unknown>): Ttl | undefined {
  if (ttl === undefined) return undefined
  if (!['number', 'bigint'].includes(typeof time.min) && !(time.min instanceof Date)) {
    throw new MalstromError('ERR_OPERATOR_ARGUMENT', 'ttl needs timestamps that are numbers, bigints or dates.')
  }
  const units = positiveUnitsOf(ttl, 'ttl', time)
  const shifted = shiftOf(time)
  return {
    time,
    number: typeof units === 'number' && kindOf(time) === 'number' ? units : undefined,
    after: (timestamp) => shifted(timestamp, units),
  }
}

/** A state with the time at which it expires, which only grows. */
class Expiring {
  state: unknown
  at: unknown
  key: unknown

  constructor(state: unknown, at: unknown, key: unknown) {
    this.state = state
    this.at = at
    this.key = key
  }
}

/** The states of an operator with a time to live: each is wrapped in an `Expiring`. */
export class StateTtl {
  readonly #ttl: Ttl
  readonly #store: StateStore<unknown, Expiring>
  /** Each state once, with the expiry it had when it was queued: writing to it costs the queue nothing. */
  readonly #queue: ExpiryQueue<Expiring, unknown>

  constructor(ttl: Ttl, store: StateStore<unknown, unknown>) {
    this.#ttl = ttl
    this.#store = store as StateStore<unknown, Expiring>
    this.#queue = new ExpiryQueue(ttl.time)
    for (const [key, entry] of this.#store) this.arrived(key, entry)
  }

  create(key: unknown, state: unknown, timestamp: unknown): Expiring {
    const at = this.#ttl.after(timestamp)
    const entry = new Expiring(state, at, key)
    this.#queue.push(at, entry)
    return entry
  }

  write(entry: Expiring, state: unknown, timestamp: unknown): void {
    entry.state = state
    const at = this.#ttl.after(timestamp)
    if (this.#ttl.time.compare(entry.at, at) < 0) entry.at = at
  }

  /** Lines that do what `write` does. */
  writeLines(code: TaskCode, entry: string, state: string, timestamp: string): string {
    const { number } = this.#ttl
    if (number === undefined) return `${code.bind('ttl', this)}.write(${entry}, ${state}, ${timestamp})`
    return `${entry}.state = ${state}\nif (${entry}.at < ${timestamp} + ${number}) ${entry}.at = ${timestamp} + ${number}`
  }

  /** A state has come from a snapshot, or from another worker. */
  arrived(key: unknown, entry: unknown): void {
    const expiring = entry as Expiring
    expiring.key = key
    this.#queue.push(expiring.at, expiring)
  }

  expire(epoch: unknown): void {
    for (;;) {
      const entry = this.#queue.popDue(epoch)
      if (entry === undefined) return
      // The key may have been forgotten, or have another state since.
      if (this.#store.get(entry.key) !== entry) continue
      if (this.#ttl.time.compare(entry.at, epoch) > 0) this.#queue.push(entry.at, entry)
      else this.#store.delete(entry.key)
    }
  }
}

/** How states with a time to live are saved: as a pair with their expiry. */
export function expiringState(state: StateDefinition, ttl: Ttl | undefined): StateDefinition {
  if (ttl === undefined) return state
  return stateWithin<Expiring>(
    state,
    (entry, written) => [written(entry.state), entry.at],
    (data, innerOf) => {
      const [saved, at] = data as [unknown, unknown]
      return new Expiring(innerOf(saved), at, undefined)
    },
  )
}
