import type { TimestampAlgebra } from '@malstrom/core'
import type { OnError } from '../error-policy/on-error.ts'
import type { Callback, OperatorDefinition } from '../stream/definition.ts'
import { Dated } from './due-keys.ts'
import { type EpochJoin, epochJoin, LATE } from './epoch-join.ts'
import { guardedCall } from './failed-call.ts'
import { JoinColumns, type PackedColumns } from './join-columns.ts'
import { LEFT } from './join-type.ts'
import { notAfterOf } from './not-after.ts'
import type { TableRules } from './table-join.ts'

/** What is known of one key: the versions of its row by time, and the records that wait for the frontier. */
class Versioned extends Dated {
  versions: JoinColumns = new JoinColumns([], [])
  waiting: JoinColumns = new JoinColumns([], [])
}

interface PackedVersioned {
  readonly versions: PackedColumns
  readonly waiting: PackedColumns
}

/**
 * Each record with the version of its key's row at the record's own time: the last one that is not after it. A record
 * waits until the frontier has reached it, because then no version at or before it can come. Known from the temporal
 * tables of SQL:2011 and of Flink.
 */
export function temporalJoin(rules: TableRules, f: Callback, time: TimestampAlgebra<unknown>, onError: OnError): OperatorDefinition {
  const call = guardedCall(f, onError)
  const notAfter = notAfterOf(time)
  const { validTo } = rules
  const isValid = (version: unknown, timestamp: unknown) => validTo === undefined || notAfter(timestamp, validTo(version))

  const rowAt = ({ values, times }: JoinColumns, index: number, timestamp: unknown) =>
    index >= 0 && isValid(times[index], timestamp) ? values[index] : undefined

  /** Versions that no record to come can ask for. */
  function dropOld(versions: JoinColumns, epoch: unknown): void {
    const current = versions.firstAfter(epoch, notAfter) - 1
    if (current < 0) return
    const { times, values } = versions
    const isOver = values[current] === undefined || (validTo !== undefined && notAfter(validTo(times[current]), epoch))
    versions.removeRange(0, isOver ? current + 1 : current)
  }

  const join: EpochJoin<Versioned> = {
    kind: 'temporalJoin',
    create: () => new Versioned(),
    pack: ({ versions, waiting }): PackedVersioned => ({ versions: versions.pack(), waiting: waiting.pack() }),
    unpack: ({ versions, waiting }: PackedVersioned) =>
      Object.assign(new Versioned(), { versions: JoinColumns.unpack(versions), waiting: JoinColumns.unpack(waiting) }),
    add(state, side, value, timestamp, frontier) {
      // A version that comes late counts for the records that follow the frontier.
      if (side === LEFT && frontier !== undefined && notAfter(timestamp, frontier)) return LATE
      const buffer = side === LEFT ? state.waiting : state.versions
      buffer.add(value, timestamp, false, undefined, undefined, notAfter)
      if (side === LEFT) return timestamp
      return state.due === undefined ? this.nextOf(state) : undefined
    },
    fire(key, { versions, waiting }, epoch, emit) {
      const ready = waiting.firstAfter(epoch, notAfter)
      for (let i = 0; i < ready; i++) {
        const timestamp = waiting.times[i]
        const row = rowAt(versions, versions.firstAfter(timestamp, notAfter) - 1, timestamp)
        if (row !== undefined || rules.type === 'left') emit(call(waiting.values[i], row, key, timestamp), key, timestamp)
      }
      waiting.removeRange(0, ready)
      dropOld(versions, epoch)
    },
    nextOf({ versions: { times, values }, waiting }) {
      if (waiting.count > 0) return waiting.times[0]
      const last = times.length - 1
      if (last < 0) return undefined
      // Not each time that a version is over, but when all of today's are.
      if (validTo !== undefined) return validTo(times[last])
      return last > 0 || values[last] === undefined ? times[last] : undefined
    },
    isEmpty: ({ versions, waiting }) => versions.count === 0 && waiting.count === 0,
    what: 'records',
    countKept({ waiting }, kept) {
      if (waiting.count > 0) kept.add(waiting.times[0], waiting.count)
    },
  }
  return epochJoin(join, onError)
}
