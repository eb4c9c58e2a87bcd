import { type Key, MalstromError, type SourcePartition, type SourceStatus, type SourceStatusReport } from '@malstrom/core'
import type { SourcePartitionSnapshot } from '../snapshot/snapshot.ts'
import type { PartitionFrontier, PartitionFrontiers } from './partition-frontiers.ts'

// biome-ignore lint/suspicious/noExplicitAny: a graph knows only erased sources
export type Reader = SourcePartition<any, any, any>

/** A partition of a source on one worker. */
export interface OpenPartition {
  readonly key: Key
  /** `undefined` if the partition had finished before the job was restored. */
  readonly reader: Reader | undefined
  /** Where it stood when the job was restored. */
  readonly restored: SourcePartitionSnapshot | undefined
  readonly frontier: PartitionFrontier | undefined
  state: 'active' | 'idle' | 'finished'
  recordsIn: number
  /** When records last came from it, or else when it was opened. */
  lastRecordMs: number
  /** Since when its frontier is what `seenEpoch` says. */
  epochSinceMs: number
  seenEpoch: unknown
  /** Whether it has had nothing to read for so long that it is to be excluded. */
  idleForLong: boolean
  /** Ends the wait for that; `undefined` if there is none. */
  cancelIdleTimer: (() => void) | undefined
}

/** How a partition stands, for `Execution.status()`. */
export function statusOf(source: string, partition: OpenPartition, backPressured: boolean): SourceStatusReport {
  const { key, frontier, state, recordsIn } = partition
  return {
    source,
    partition: key,
    recordsIn,
    state: state === 'active' && backPressured ? 'back-pressured' : state,
    frontier: frontier?.epoch,
    excluded: state !== 'finished' && (frontier?.excluded ?? false),
  }
}

/** What a partition tells of itself when somebody asks why nothing comes. */
export interface PartitionReport {
  readonly partition: Key
  readonly state: OpenPartition['state']
  readonly frontier: unknown
  readonly excluded: boolean
  /** Whether the merged frontier cannot go beyond that of this partition. */
  readonly holds: boolean
  readonly silentForMs: number
  /** For how long its frontier has not moved. */
  readonly frontierForMs: number
}

/** The frontier moves while a frame is processed, so that is noticed afterwards: it moved with the last records. */
export function noticeEpoch(partition: OpenPartition): void {
  const epoch = partition.frontier?.epoch
  if (epoch === partition.seenEpoch) return
  partition.seenEpoch = epoch
  partition.epochSinceMs = partition.lastRecordMs
}

export function explainPartition(partition: OpenPartition, nowMs: number, frontiers: PartitionFrontiers | undefined): PartitionReport {
  noticeEpoch(partition)
  const { key, state, frontier, lastRecordMs, epochSinceMs } = partition
  return {
    partition: key,
    state,
    frontier: frontier?.epoch,
    excluded: frontier?.excluded ?? false,
    holds: state !== 'finished' && (frontier === undefined || frontiers?.holdsBack(frontier) === true),
    silentForMs: nowMs - lastRecordMs,
    frontierForMs: nowMs - epochSinceMs,
  }
}

/** A record has come. */
export function noLongerIdle(partition: OpenPartition, frontier: PartitionFrontier): void {
  frontier.excluded = false
  partition.idleForLong = false
  partition.cancelIdleTimer?.()
  partition.cancelIdleTimer = undefined
}

/** What a poll has said. */
export function stateOf(status: SourceStatus): OpenPartition['state'] {
  if (status === 'more') return 'active'
  if (status === 'idle' || status === 'finished') return status
  throw new MalstromError('ERR_SOURCE_FAILED', `poll returned ${String(status)}; it returns 'more', 'idle' or 'finished'.`)
}
