import {
  checkOptionNames,
  type FusedOperator,
  isTimestamp,
  MalstromError,
  type OperatorContext,
  type TimestampAlgebra,
} from '@malstrom/core'
import type { EpochGenerator } from './epoch-generator.ts'
import { endLines, isEnd, rejectEpoch, routeLines } from './late-records.ts'
import { leastOf } from './least-of.ts'

export interface PeriodicOptions {
  /** Emit the latest proposed epoch after so many records. The same input gives the same epochs. */
  readonly everyRecords?: number
  /** Emit the latest proposed epoch after so many milliseconds of processing time. */
  readonly everyMs?: number
}

/** A generator whose proposals are collected: made by `periodic`, taken by `generateEpochs`. */
export interface PeriodicEpochs<V, T> extends PeriodicOptions {
  readonly generator: EpochGenerator<V, T>
}

/**
 * Emits the proposals of `generator` only now and then: epochs cost what records cost, and most jobs
 * need few. Whether a record is late is decided by the last epoch that was emitted. At least one of
 * `everyRecords` and `everyMs` is needed.
 */
export function periodic<V, T>(options: PeriodicOptions, generator: EpochGenerator<V, T>): PeriodicEpochs<V, T> {
  const { everyRecords, everyMs } = options
  checkOptionNames('periodic', options, ['everyRecords', 'everyMs'])
  if (everyRecords === undefined && everyMs === undefined) {
    throw new MalstromError('ERR_OPERATOR_ARGUMENT', 'periodic needs everyRecords or everyMs: how often is an epoch emitted?')
  }
  if (everyRecords !== undefined && !(Number.isInteger(everyRecords) && everyRecords > 0)) {
    throw new MalstromError('ERR_OPERATOR_ARGUMENT', `everyRecords is a whole number above 0, not ${everyRecords}.`)
  }
  if (everyMs !== undefined && !(everyMs > 0 && everyMs < 2 ** 31)) {
    throw new MalstromError('ERR_OPERATOR_ARGUMENT', `everyMs is above 0 and below 2^31, not ${everyMs}.`)
  }
  if (typeof generator !== 'function') {
    throw new MalstromError('ERR_OPERATOR_ARGUMENT', `periodic needs a function that proposes epochs, not ${typeof generator}.`)
  }
  return { ...options, generator }
}

export function openPeriodic(
  epochs: PeriodicEpochs<unknown, unknown>,
  context: OperatorContext,
  time: TimestampAlgebra<unknown>,
): FusedOperator {
  const state = new PeriodicState(epochs, time)
  return {
    snapshot: () => state.snapshot(),
    restore: (saved) => state.restore(saved as readonly PeriodicSnapshot[]),
    record(code, record) {
      const periodicState = code.bind('periodic', state)
      const epoch = code.local('epoch')
      return [
        `${periodicState}.propose(${record.value}, ${record.timestamp})`,
        routeLines(code, context, `${periodicState}.isLate(${record.timestamp})`, record),
        `${epoch} = ${periodicState}.afterRecord()`,
        `if (${epoch} !== undefined) {\n${code.advance(epoch)}\n}`,
      ].join('\n')
    },
    epoch(code, epoch) {
      const accepted = `${code.bind('periodic', state)}.accept(${epoch})`
      return `if (${accepted}) {\n${code.advance(epoch)}\n}\n${endLines(code, time, epoch)}`
    },
    tick(code) {
      const epoch = code.local('epoch')
      return `${epoch} = ${code.bind('periodic', state)}.release()\nif (${epoch} !== undefined) {\n${code.advance(epoch)}\n}`
    },
    ...(epochs.everyMs === undefined ? {} : { tickMs: epochs.everyMs }),
    interpret: (onTime, late) => ({
      data: (value, key, timestamp) => {
        state.propose(value, timestamp)
        if (state.isLate(timestamp)) {
          context.counters.late++
          late.data(value, key, timestamp)
        } else onTime.data(value, key, timestamp)
        const epoch = state.afterRecord()
        if (epoch !== undefined) onTime.epoch(epoch)
      },
      epoch: (epoch) => {
        if (state.accept(epoch)) onTime.epoch(epoch)
        if (isEnd(time, epoch)) late.epoch(epoch)
      },
      tick: () => {
        const epoch = state.release()
        if (epoch !== undefined) onTime.epoch(epoch)
      },
    }),
  }
}

interface PeriodicSnapshot {
  readonly last: unknown
  readonly proposed: unknown
  readonly records: number
}

class PeriodicState {
  readonly #generator: EpochGenerator<unknown, unknown>
  readonly #everyRecords: number
  readonly #time: TimestampAlgebra<unknown>
  #last: unknown
  #proposed: unknown
  #records = 0

  constructor(epochs: PeriodicEpochs<unknown, unknown>, time: TimestampAlgebra<unknown>) {
    this.#generator = epochs.generator
    this.#everyRecords = epochs.everyRecords ?? Number.POSITIVE_INFINITY
    this.#time = time
  }

  snapshot(): PeriodicSnapshot {
    return { last: this.#last, proposed: this.#proposed, records: this.#records }
  }

  restore(saved: readonly PeriodicSnapshot[]): void {
    const [first, ...others] = saved
    if (first === undefined) return
    this.#last = leastOf(
      this.#time,
      saved.map(({ last }) => last),
    )
    // What other workers would have proposed next, none of the new ones knows.
    if (others.length > 0) return
    this.#proposed = first.proposed
    this.#records = first.records
  }

  propose(value: unknown, timestamp: unknown): void {
    const epoch = this.#generator(value, timestamp, this.#last)
    if (epoch === undefined) return
    if (!isTimestamp(this.#time, epoch)) rejectEpoch(epoch)
    if (this.#proposed === undefined || this.#time.compare(epoch, this.#proposed) > 0) this.#proposed = epoch
  }

  isLate(timestamp: unknown): boolean {
    return this.#last !== undefined && this.#time.compare(timestamp, this.#last) <= 0
  }

  /** Counts a record; returns the epoch that is to follow it, if one is due. */
  afterRecord(): unknown {
    if (++this.#records < this.#everyRecords) return undefined
    this.#records = 0
    return this.release()
  }

  /** The latest proposal, if it is after the last epoch. */
  release(): unknown {
    return this.#proposed !== undefined && this.accept(this.#proposed) ? this.#proposed : undefined
  }

  /** Whether `epoch` is after the last one, which it then replaces. */
  accept(epoch: unknown): boolean {
    if (this.#last !== undefined && this.#time.compare(epoch, this.#last) <= 0) return false
    this.#last = epoch
    return true
  }
}
